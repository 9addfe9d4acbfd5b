/** Replaces the file system of the examples in pages: reads files from the page's server. */
export async function readFile(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  return new Uint8Array(await response.arrayBuffer());
}
