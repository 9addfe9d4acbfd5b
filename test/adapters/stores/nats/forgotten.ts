/** Waits until a server has forgotten the id of a message. */
import { headers, type NatsConnection } from '@nats-io/transport-node';

export async function forgotten(connection: NatsConnection, name: string, id: string): Promise<void> {
  const given = headers();
  given.set('Nats-Msg-Id', id);
  // The stream refuses messages with this header, but the server looks up the id first.
  given.set('Nats-Rollup', 'all');
  for (;;) {
    const reply = await connection.request(`${name}.e.s.probe`, '', { headers: given, timeout: 10_000 });
    if (reply.json<{ duplicate?: boolean }>().duplicate !== true) break;
  }
}
