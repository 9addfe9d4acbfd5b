/**
 * A component that has effects: a store or an event sourcer. One instance serves all calls, one after another. An
 * instance that traps is never called again. The next call makes a new one, unless the instance held the only copy of
 * its data.
 */
import { uuidV4 } from '../../../core/uuid.ts';
import {
  type Component,
  type ImportObject,
  instantiate,
  isComponentError,
  isLinkError,
  isValueError,
} from '../index.ts';
import type { VirtualWasi } from '../wasi/index.ts';
import { compileSource } from './component-source.ts';
import { environmentOf, type InstanceTemplate, mergeImports } from './environment.ts';
import { withWasiHint } from './failures.ts';
import { fitWorld } from './fit.ts';
import { DEFAULT_MAX_HANDLES } from './limits.ts';
import type { Counters } from './metering/counters.ts';
import type { ServiceOptions } from './service-options.ts';
import type { WorldName } from './worlds.ts';

/** The instance ended. `cause` is its trap, or the error of an import that passed through it. */
export class InstanceEnded extends Error {
  override readonly name = 'InstanceEnded';
  /** True if the instance had ended before this call, so that the call had no effect. */
  readonly wasEnded: boolean;

  constructor(cause: unknown, wasEnded: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.wasEnded = wasEnded;
  }
}

/** The data from which the instances of a service are created. */
interface ServiceTemplate extends InstanceTemplate {
  /** The full name of the interface that the component exports. */
  readonly interfaceName: string;
  readonly now: () => number;
  /** False if the data of an instance is lost when it ends. */
  readonly isReplaceable: boolean;
}

interface Running<Functions> {
  readonly functions: Functions;
  readonly wasi: VirtualWasi | undefined;
  readonly counters: Counters;
  readonly dispose: () => void;
}

/** The interface that a service exports. */
interface ServiceWorld {
  readonly world: Extract<WorldName, 'event-storage' | 'event-sourcing'>;
  readonly interfaceName: 'event-store' | 'event-sourcer';
}

/** The properties of a service in addition to its options. */
interface ServiceParts {
  /** Imports in addition to those of the options. They are created for each instance. */
  readonly imports?: () => ImportObject;
  readonly isReplaceable: boolean;
}

/** A compiled component whose exports fit its world. Several services can be started from it. */
export class ServiceSource {
  readonly component: Component;
  readonly #template: Omit<ServiceTemplate, 'isReplaceable'>;

  private constructor(template: Omit<ServiceTemplate, 'isReplaceable'>) {
    this.component = template.component;
    this.#template = template;
  }

  /** Compiles a component. @throws LinkError if its exports do not fit the world. */
  static async of(
    source: Parameters<typeof compileSource>[0],
    options: ServiceOptions,
    { world, interfaceName }: ServiceWorld,
  ): Promise<ServiceSource> {
    const { imports = {}, maxHandles = DEFAULT_MAX_HANDLES, now = Date.now } = options;
    const { component, bounds } = await compileSource(source, options);
    return new ServiceSource({
      component,
      bounds,
      maxHandles,
      now,
      maxLiftedBytes: options.maxLiftedBytes,
      wasi: options.wasi,
      imports: typeof imports === 'function' ? (imports as () => ImportObject) : () => imports,
      // `fitWorld` has found each interface of the world.
      interfaceName: fitWorld(component, world)[interfaceName]!,
    });
  }

  start<Functions extends object>({ imports = () => ({}), isReplaceable }: ServiceParts): Promise<Service<Functions>> {
    const template = this.#template;
    const all = (): ImportObject => mergeImports(template.imports(), imports());
    return Service.start<Functions>({ ...template, imports: all, isReplaceable });
  }
}

export class Service<Functions extends object> {
  readonly #template: ServiceTemplate;
  #running: Running<Functions> | undefined;
  #instances = 1;
  #failure: unknown;
  /** Settles when the last accepted call has ended. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(template: ServiceTemplate, running: Running<Functions>) {
    this.#template = template;
    this.#running = running;
  }

  static async start<Functions extends object>(template: ServiceTemplate): Promise<Service<Functions>> {
    return new Service(template, await startInstance<Functions>(template));
  }

  /** The number of instances that were created. */
  get instances(): number {
    return this.#instances;
  }

  /**
   * Calls functions of the instance after all earlier calls have ended.
   *
   * @throws ComponentError if the function returned an error. InstanceEnded if the instance ended.
   */
  call<Result>(use: (functions: Functions) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => this.#call(use));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Ends the instance after all accepted calls have ended. */
  async close(): Promise<void> {
    await this.#last;
    this.#running?.dispose();
    this.#running = undefined;
  }

  async #call<Result>(use: (functions: Functions) => Promise<Result>): Promise<Result> {
    const running = await this.#instance();
    const { functions, wasi, counters } = running;
    wasi?.setDecision({ time: BigInt(this.#template.now()), seed: uuidV4() });
    counters.fill();
    try {
      return await use(functions);
    } catch (error) {
      // The guest was not called if an argument has the wrong type.
      if (isComponentError(error) || isValueError(error)) throw error;
      this.#running = undefined;
      this.#failure = counters.explain(error);
      running.dispose();
      throw new InstanceEnded(this.#failure, false);
    } finally {
      wasi?.flush();
    }
  }

  async #instance(): Promise<Running<Functions>> {
    if (this.#running !== undefined) return this.#running;
    if (!this.#template.isReplaceable) throw new InstanceEnded(this.#failure, true);
    try {
      this.#running = await startInstance<Functions>(this.#template);
    } catch (error) {
      throw new InstanceEnded(error, true);
    }
    this.#instances++;
    return this.#running;
  }
}

/** Creates an instance. @throws LinkError | Trap */
async function startInstance<Functions extends object>(template: ServiceTemplate): Promise<Running<Functions>> {
  const environment = environmentOf(template, 'objects');
  const { imports, options, wasi, counters } = environment;
  wasi?.setDecision({ time: BigInt(template.now()), seed: uuidV4() });
  try {
    const instance = await instantiate(template.component, mergeImports(imports, clock(template.now)), options);
    return {
      functions: instance.exports[template.interfaceName] as Functions,
      wasi,
      counters,
      dispose: () => instance[Symbol.dispose](),
    };
  } catch (error) {
    throw isLinkError(error) ? withWasiHint(error, environment) : counters.explain(error);
  } finally {
    wasi?.flush();
  }
}

/** Returns the import object with the clock, for components that need nothing else of WASI. */
function clock(now: () => number): ImportObject {
  const datetime = (milliseconds: number) => ({
    seconds: BigInt(Math.floor(milliseconds / 1_000)),
    nanoseconds: Math.floor(milliseconds % 1_000) * 1_000_000,
  });
  const resolution = { seconds: 0n, nanoseconds: 1_000_000 };
  return { 'wasi:clocks/wall-clock': { now: () => datetime(now()), resolution: () => resolution } };
}
