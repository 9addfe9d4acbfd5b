/** What the examples read from the file system, in pages: from the server that they came from. */
export async function readFile(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  return new Uint8Array(await response.arrayBuffer());
}
