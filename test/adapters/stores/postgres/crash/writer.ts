/** Appends to a few streams until it is killed, and prints the id of each command that was acknowledged. */
import { createPostgresStore } from 'decidable/postgres';
import { ANY, decision, envelope } from '../../commands.ts';

const [url = '', schema = ''] = process.argv.slice(2);
const store = await createPostgresStore({ url, schema, maxConnections: 3 });

async function append(stream: string): Promise<never> {
  for (;;) {
    const given = decision();
    await store.append(stream, [envelope('Done'), envelope('Done')], ANY, given);
    process.stdout.write(`${given.commandId}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, index) => append(`s-${index % 4}`)));
