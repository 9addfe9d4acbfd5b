/**
 * The parts of `@bufbuild/protobuf` that the codec uses at run time. Other files import only types from the package.
 */
import type * as Protobuf from '@bufbuild/protobuf';
import type * as Wire from '@bufbuild/protobuf/wire';
import { loadPeer } from '../../core/missing-peer.ts';

const PACKAGE = '@bufbuild/protobuf';
const SUBPATH = 'decidable/codecs/protobuf';

const protobuf = await loadPeer(PACKAGE, SUBPATH, () => import('@bufbuild/protobuf'));
const wire = await loadPeer(PACKAGE, SUBPATH, () => import('@bufbuild/protobuf/wire'));

export type ScalarType = Protobuf.ScalarType;
export const ScalarType: typeof Protobuf.ScalarType = protobuf.ScalarType;

export type WireType = Wire.WireType;
export const WireType: typeof Wire.WireType = wire.WireType;

export type BinaryReader = Wire.BinaryReader;
export const BinaryReader: typeof Wire.BinaryReader = wire.BinaryReader;

export type BinaryWriter = Wire.BinaryWriter;
export const BinaryWriter: typeof Wire.BinaryWriter = wire.BinaryWriter;
