/** The program of a thread that verifies one part of a store. */
import { parentPort, workerData } from 'node:worker_threads';
import { type PartTask, verifyPart } from './part.ts';

/** Milliseconds between two messages about the progress. */
const INTERVAL = 200;

let reportedAt = 0;
const never = new AbortController();
const result = await verifyPart(
  workerData as PartTask,
  (progress) => {
    const now = performance.now();
    if (now - reportedAt < INTERVAL) return;
    reportedAt = now;
    parentPort?.postMessage({ progress });
  },
  never.signal,
);
parentPort?.postMessage({ result });
