import { DecidableError } from '../../../core/errors.ts';

/** The codes of {@link BuildError}. */
export type BuildErrorCode =
  /** A file does not compile, or an import of it was not found. */
  | 'compile-failed'
  /** A file imports a module of Node, or uses `import.meta`. Neither exists in a component. */
  | 'unavailable-import'
  /** The module threw an error while it was loaded. */
  | 'load-failed'
  /** The module read the clock or random numbers while it was loaded, so each build would be different. */
  | 'indeterminate-load'
  /** The file has no export with this name, or the export is not a definition, or there are several definitions. */
  | 'no-definition'
  /** The engine could not make the component. */
  | 'engine-failed'
  /** The installed version of the engine makes components of an unknown form. */
  | 'unsupported-engine';

/** A place in a file of the module. */
export interface BuildPlace {
  /** The file that has the place. */
  readonly file: string;
  /** The number of the line, from 1. */
  readonly line: number;
  /** The number of the column, from 1. */
  readonly column: number;
}

/** The relevant names of a {@link BuildError}. */
export interface BuildProblem {
  /** The file that was to be built. */
  readonly file: string;
  /** The first place of the problem, if it is known. */
  readonly place?: BuildPlace | undefined;
  /** The import, the function or the export that the error is about. */
  readonly subject?: string | undefined;
}

/** A component could not be built. No file was written. */
export class BuildError extends DecidableError<BuildErrorCode, BuildProblem> {
  override readonly name: string = 'BuildError';

  constructor(code: BuildErrorCode, problem: BuildProblem, message: string, options?: ErrorOptions) {
    super('definition', code, problem, message, options);
  }
}

/** Returns the text of a place: `account.ts:12:5`. */
export function placeText({ file, line, column }: BuildPlace): string {
  return `${file}:${line}:${column}`;
}
