/**
 * `wasi:sockets` and `wasi:http`: there to be linked, because guests of some languages import them whatever they do. There
 * is no network to be granted: a decision has none, and a test has its own import objects.
 */

import { deniedInterface, type Member } from './denial.ts';
import type { Interfaces } from './grantable.ts';

const NO_NETWORK = 'the virtual WASI has no network; give an import object of your own for this interface';

/** By interface: functions, and resources with their methods, in words (see {@link Member}). */
const MEMBERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'wasi:sockets/network': { Network: '', networkErrorCode: '()' },
  'wasi:sockets/instance-network': { instanceNetwork: '()' },
  'wasi:sockets/ip-name-lookup': { resolveAddresses: '()', ResolveAddressStream: 'resolveNextAddress subscribe' },
  'wasi:sockets/tcp-create-socket': { createTcpSocket: '()' },
  'wasi:sockets/udp-create-socket': { createUdpSocket: '()' },
  'wasi:sockets/tcp': {
    TcpSocket:
      'startBind finishBind startConnect finishConnect startListen finishListen accept localAddress remoteAddress ' +
      'isListening addressFamily setListenBacklogSize keepAliveEnabled setKeepAliveEnabled keepAliveIdleTime ' +
      'setKeepAliveIdleTime keepAliveInterval setKeepAliveInterval keepAliveCount setKeepAliveCount hopLimit ' +
      'setHopLimit receiveBufferSize setReceiveBufferSize sendBufferSize setSendBufferSize subscribe shutdown',
  },
  'wasi:sockets/udp': {
    UdpSocket:
      'startBind finishBind stream localAddress remoteAddress addressFamily unicastHopLimit setUnicastHopLimit ' +
      'receiveBufferSize setReceiveBufferSize sendBufferSize setSendBufferSize subscribe',
    IncomingDatagramStream: 'receive subscribe',
    OutgoingDatagramStream: 'checkSend send subscribe',
  },
  'wasi:http/types': {
    httpErrorCode: '()',
    Fields: '+ .fromList get has set delete append entries clone',
    IncomingRequest: 'method pathWithQuery scheme authority headers consume',
    OutgoingRequest:
      '+ body method setMethod pathWithQuery setPathWithQuery scheme setScheme authority setAuthority headers',
    RequestOptions:
      '+ connectTimeout setConnectTimeout firstByteTimeout setFirstByteTimeout betweenBytesTimeout setBetweenBytesTimeout',
    ResponseOutparam: '.set sendInformational',
    IncomingResponse: 'status headers consume',
    IncomingBody: 'stream .finish',
    FutureTrailers: 'subscribe get',
    OutgoingResponse: '+ statusCode setStatusCode headers body',
    OutgoingBody: 'write .finish',
    FutureIncomingResponse: 'subscribe get',
  },
  'wasi:http/outgoing-handler': { handle: '()' },
};

/** All of it, denied. */
export const networkInterfaces: Interfaces = Object.fromEntries(
  Object.entries(MEMBERS).map(([name, members]) => [name, deniedInterface(name, inLists(members), NO_NETWORK)]),
);

function inLists(members: Readonly<Record<string, string>>): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    Object.entries(members).map(([member, words]) => [
      member,
      words === '()' ? 'function' : words.split(' ').filter((word) => word !== ''),
    ]),
  );
}
