/**
 * Implements `wasi:sockets` and `wasi:http`, because guests of some languages always import them. The network cannot be
 * granted, because a decision must not use it. A test can pass its own import objects.
 *
 * Creating a socket or looking up a name fails with `access-denied`, so that a program which does not need the network
 * continues. Only functions without an error code trap.
 */
import { ComponentError } from '../errors.ts';
import { type Denial, deniedInterface, type Member, NO_NETWORK, trapping } from './denial.ts';
import type { Interfaces } from './grantable.ts';

/** The functions of each interface, and its resources with their methods, as lists of words (see {@link Member}). */
type Members = Readonly<Record<string, Readonly<Record<string, string>>>>;

const SOCKETS: Members = {
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
};

/**
 * The functions of {@link SOCKETS} that have no error code. No guest can call them, because no guest obtains a socket.
 */
const WITHOUT_ERROR_CODE = ['+', 'isListening', 'addressFamily', 'subscribe'];

const HTTP: Members = {
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

/**
 * Implements `resource network`. A network provides no access, but a guest needs one to call the functions that deny
 * access.
 */
class Network {}

const traps = trapping(undefined);

const refused: Denial = (subject, name) => {
  if (WITHOUT_ERROR_CODE.includes(name)) return traps(subject, name);
  return () => {
    throw new ComponentError('access-denied', `${subject}: ${NO_NETWORK}`);
  };
};

/** The interfaces of the network, all of which are denied. */
export const networkInterfaces: Interfaces = {
  'wasi:sockets/network': {
    Network,
    /** Returns the code of a stream's error if an operation on a socket failed. */
    networkErrorCode: (): undefined => undefined,
  },
  'wasi:sockets/instance-network': { instanceNetwork: (): Network => new Network() },
  ...deniedInterfaces(SOCKETS, refused),
  ...deniedInterfaces(HTTP, traps),
};

function deniedInterfaces(members: Members, denial: Denial): Interfaces {
  return Object.fromEntries(
    Object.entries(members).map(([name, words]) => [name, deniedInterface(name, inLists(words), denial)]),
  );
}

function inLists(members: Readonly<Record<string, string>>): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    Object.entries(members).map(([member, words]) => [
      member,
      words === '()' ? 'function' : words.split(' ').filter((word) => word !== ''),
    ]),
  );
}
