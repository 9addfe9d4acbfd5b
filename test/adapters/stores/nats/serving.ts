/** A process that serves the commands of the counter, until it is killed: `serving.ts <url> <name>`. */
import { connect } from '@nats-io/transport-node';
import { createEventSourcer } from 'decidable';
import { createNatsStore, serveCommands } from 'decidable/nats';
import { counter } from './counter.ts';

const [, , url = '', name = ''] = process.argv;
const store = await createNatsStore({ url, name, timeout: 1_500 });
const sourcer = createEventSourcer({ store, modules: [counter] });
const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
serveCommands(sourcer, connection, { name });
await connection.flush();
process.send?.('serving');
