/** Finds modules by command type and by name. The tables are made once, from the descriptors. */
import { EventOwners } from '../define/event-category.ts';
import { DefinitionError } from '../errors.ts';
import type { SnapshotPolicy, WritePrecondition } from '../messages.ts';
import { type AnyModule, BoundModule } from './bound-module.ts';
import { unroutable } from './failures.ts';

/** The module that decides a command type, with the policies of that type. */
export interface Route {
  readonly module: BoundModule;
  readonly commandType: string;
  readonly precondition: WritePrecondition;
  readonly snapshot: SnapshotPolicy;
}

export class Routes {
  readonly modules: readonly BoundModule[];
  readonly #byCommand = new Map<string, Route>();
  readonly #byName = new Map<string, BoundModule>();
  readonly #events = new EventOwners();

  /**
   * Makes the tables.
   * @throws DefinitionError if two modules have the same name, command type, or event category and type.
   */
  constructor(modules: readonly AnyModule[], releaseFailed: (module: string, error: unknown) => void) {
    this.modules = modules.map(
      (module, index) => new BoundModule(module, `createEventSourcer.modules[${index}]`, releaseFailed),
    );
    for (const module of this.modules) this.#add(module);
  }

  #add(module: BoundModule): void {
    if (this.#byName.has(module.name))
      throw new DefinitionError(
        `module ${module.name}`,
        'has the name of another module; rename one of the two, because the name is part of the keys of snapshots',
      );
    this.#byName.set(module.name, module);
    this.#events.add(module.source, module.descriptor, 'createEventSourcer.modules');
    for (const { type, precondition, snapshot } of module.descriptor.commands) {
      const other = this.#byCommand.get(type);
      if (other !== undefined)
        throw new DefinitionError(
          `command ${type}`,
          `is accepted by both ${other.module.name} and ${module.name}; rename the command in one of the two`,
        );
      this.#byCommand.set(type, { module, commandType: type, precondition, snapshot });
    }
  }

  /** Returns the route of a command type. @throws CommandFailure `unroutable` if no module accepts it. */
  ofCommand(type: string): Route {
    const route = this.#byCommand.get(type);
    if (route === undefined)
      throw unroutable(
        type,
        `unknown command type ${JSON.stringify(type)}; the modules accept: ${list(this.#byCommand)}`,
      );
    return route;
  }

  /** Returns the module that was configured with this value. @throws CommandFailure `unroutable`. */
  ofSource(source: object): BoundModule {
    const module = this.modules.find((candidate) => candidate.source === source);
    if (module !== undefined) return module;
    throw unroutable('module', `the module is not one of this event sourcer, which has: ${list(this.#byName)}`);
  }

  /**
   * Returns the module with this name, or the only module if the name is omitted.
   *
   * @throws CommandFailure `unroutable`.
   */
  ofName(name: string | undefined): BoundModule {
    if (name === undefined) {
      const [only, second] = this.modules;
      if (only !== undefined && second === undefined) return only;
      throw unroutable(
        'module',
        `options.module is missing, and the event sourcer has several modules: ${list(this.#byName)}`,
      );
    }
    const module = this.#byName.get(name);
    if (module === undefined)
      throw unroutable(name, `unknown module ${JSON.stringify(name)}; the event sourcer has: ${list(this.#byName)}`);
    return module;
  }
}

function list(map: ReadonlyMap<string, unknown>): string {
  return [...map.keys()].join(', ') || 'none';
}
