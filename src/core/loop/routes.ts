/** Finds modules by command type and by name. The tables are made once, from the descriptors. */
import { EventOwners } from '../define/event-category.ts';
import { DefinitionError } from '../errors.ts';
import type { SnapshotPolicy, WritePrecondition } from '../messages.ts';
import { type AnyModule, BoundModule, type Rollout } from './bound-module.ts';
import { unroutable } from './failures.ts';
import { checkRollout } from './rollout.ts';

/** The module that decides a command type, with the policies of that type. */
export interface Route {
  readonly module: BoundModule;
  readonly commandType: string;
  readonly precondition: WritePrecondition;
  readonly snapshot: SnapshotPolicy;
  /** The route of the candidate, if the module is a rollout. */
  readonly candidate?: CandidateRoute | undefined;
}

/** The route to the candidate of a rollout, for the streams that belong to it. */
interface CandidateRoute extends Route {
  readonly rollout: Rollout;
}

export class Routes {
  /** All modules. A rollout has two. */
  readonly modules: readonly BoundModule[];
  readonly #byCommand = new Map<string, Route>();
  readonly #byName = new Map<string, BoundModule>();
  readonly #events = new EventOwners();

  /**
   * Makes the tables.
   * @param place the function that was called, for errors.
   * @throws DefinitionError if two modules have the same name, command type, or event category and type.
   */
  constructor(
    modules: readonly AnyModule[],
    releaseFailed: (module: string, error: unknown) => void,
    place: string = 'createEventSourcer',
  ) {
    this.modules = modules.flatMap((source, index) => {
      const modulePlace = `${place}.modules[${index}]`;
      const module = new BoundModule(source, modulePlace, releaseFailed);
      const { rollout } = module.source;
      if (rollout === undefined) return this.#add(`${place}.modules`, module);
      const candidate = new BoundModule(rollout.candidate, `${modulePlace}.rollout.candidate`, releaseFailed);
      checkRollout(module, candidate);
      return this.#add(`${place}.modules`, module, candidate, rollout);
    });
  }

  #add(place: string, module: BoundModule, candidate?: BoundModule, rollout?: Rollout): readonly BoundModule[] {
    if (this.#byName.has(module.name))
      throw new DefinitionError(
        `module ${module.name}`,
        'has the name of another module; rename one of the two, because the name is part of the keys of snapshots',
      );
    this.#byName.set(module.name, module);
    this.#events.add(module.source, module.descriptor, place);
    for (const { type, precondition, snapshot } of module.descriptor.commands) {
      const other = this.#byCommand.get(type);
      if (other !== undefined)
        throw new DefinitionError(
          `command ${type}`,
          `is accepted by both ${other.module.name} and ${module.name}; rename the command in one of the two`,
        );
      const own: Route = { module, commandType: type, precondition, snapshot };
      const route = candidate === undefined || rollout === undefined ? own : rolledOut(own, candidate, rollout);
      this.#byCommand.set(type, route);
    }
    return candidate === undefined ? [module] : [module, candidate];
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
    const module = this.modules.find((one) => one.source === source);
    if (module !== undefined) return module;
    throw unroutable(
      'module',
      `the event sourcer does not have this module; add it to \`modules\`, or pass one of: ${list(this.#byName)}`,
    );
  }

  /**
   * Returns the module with this name, or the only module if the name is omitted.
   *
   * @throws CommandFailure `unroutable`.
   */
  ofName(name: string | undefined): BoundModule {
    if (name === undefined) {
      const [only, second] = this.#byName.values();
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

function rolledOut(route: Route, module: BoundModule, rollout: Rollout): Route {
  const { commandType } = route;
  const { precondition, snapshot } = module.descriptor.commands.find(({ type }) => type === commandType)!;
  return { ...route, candidate: { module, commandType, precondition, snapshot, rollout } };
}

function list(map: ReadonlyMap<string, unknown>): string {
  return [...map.keys()].join(', ') || 'none';
}
