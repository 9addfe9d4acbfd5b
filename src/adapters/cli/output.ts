/**
 * Writes text and tables for people, and JSON for programs. The output waits for a slow reader, and ends without an
 * error if the reader has ended.
 */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { toJson } from '../../core/json.ts';

type Format = Parameters<typeof styleText>[0];

/** The cells of a table, with its heading first. */
export interface TableContent {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The columns with numbers, which are aligned to the right. */
  readonly numbers?: readonly string[];
}

export class Output {
  readonly isJson: boolean;
  readonly #stream: Writable;
  #hasReader = true;

  /** Makes an output. @param readerLeft called when the reader of the output, such as `head`, has ended. */
  constructor(stream: Writable, isJson: boolean, readerLeft: () => void) {
    this.isJson = isJson;
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.#hasReader = false;
      readerLeft();
    });
  }

  /** Writes lines for people. */
  text(...lines: readonly string[]): Promise<void> {
    return this.#write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Writes one JSON document. */
  document(value: unknown): Promise<void> {
    return this.#write(`${JSON.stringify(toJson(value), undefined, 2)}\n`);
  }

  /** Writes one JSON value per line. */
  records(values: readonly unknown[]): Promise<void> {
    return this.#write(values.map((value) => `${JSON.stringify(toJson(value))}\n`).join(''));
  }

  table({ head, rows, numbers = [] }: TableContent): Promise<void> {
    const table = new Table({
      head: [...head],
      colAligns: head.map((name) => (numbers.includes(name) ? 'right' : 'left')),
      chars: WITHOUT_BORDERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    });
    table.push(...rows.map((row) => row.map(oneLine)));
    const [heading = '', ...lines] = table.toString().split('\n');
    return this.text(this.styled('bold', heading.trimEnd()), ...lines.map((line) => line.trimEnd()));
  }

  /** Returns the text in a style, if the stream is a terminal and NO_COLOR is not set. */
  styled(format: Format, text: string): string {
    return styleText(format, text, { stream: this.#stream });
  }

  #write(text: string): Promise<void> {
    if (!this.#hasReader || text === '') return Promise.resolve();
    return new Promise((resolve) => {
      // A failure causes the stream's error event.
      this.#stream.write(text, () => resolve());
    });
  }
}

const WITHOUT_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Escapes control characters of stored text, because they could move the cursor of the terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
