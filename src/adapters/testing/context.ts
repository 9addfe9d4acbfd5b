/** Invented contexts of events. The same place in the history always has the same context. */
import type { EventContext } from '../../core/index.ts';

/** 2026-01-01T00:00:00Z. The first event of each test is recorded then, and each later event one second later. */
const FIRST_RECORDED_AT = 1_767_225_600_000n;

/** The context of the event at this index, from 0. */
export function contextAt(index: number): EventContext {
  return {
    id: `00000000-0000-5000-8000-${index.toString(16).padStart(12, '0')}`,
    stream: 'test-stream',
    revision: BigInt(index),
    position: BigInt(index),
    recordedAt: FIRST_RECORDED_AT + BigInt(index) * 1_000n,
    correlationId: '00000000-0000-5000-8000-c00000000000',
    causationId: '00000000-0000-5000-8000-c00000000000',
  };
}
