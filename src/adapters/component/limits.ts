/**
 * What the loader refuses for being too large, and why. Nothing that is counted in a component goes unbounded: a
 * hostile input of any size is refused before it costs more memory or time than its own length explains.
 *
 * The core limits are those that every JavaScript engine applies (*WebAssembly JavaScript Interface*, "Implementation-
 * defined Limits"); the component limits are of the order of those of wasm-tools, far above what tools produce.
 */

/**
 * Components, component types, instance types and instances inside one another, as they are written and as they come
 * about by reference: each level is a recursive call here.
 */
export const maxNesting = 100;

/** Value types inside one another (`list<list<…>>`): each level is a recursive call here and in the canonical ABI. */
export const maxTypeDepth = 100;

/**
 * Types in one value type, each counted as often as it occurs: `list<tuple<t, t>>` doubles it with each level, and
 * whoever walks a type, here or in the canonical ABI, would take that long.
 */
export const maxTypeNodes = 100_000;

/**
 * Type nodes, imports, exports and parameters that may be built, substituted, compared or searched in validating one
 * component with all that is nested in it. Each instantiation copies the child's type with its arguments substituted,
 * so that a short chain of components can ask for exponential work.
 */
export const maxTypeWork = 1_000_000;

/** Bytes of one name; the engines' limit for import and export names. */
export const maxNameLength = 100_000;

/** Names of all components that are remembered, and the length up to which one is. */
export const maxRecent = 4_096;
export const maxRecentLength = 128;

/** Definitions of one sort in one component: the engines' limit for types and functions of a module. */
export const maxIndexSpace = 1_000_000;

/** Instances or values in one section. */
export const maxInstances = 10_000;

/** Declarators of one component, instance or module type. */
export const maxDeclarators = 100_000;

/** Imports or exports of one core module, arguments of one instantiation, inline exports of one instance. */
export const maxExports = 100_000;

/** Fields of a record, cases of a variant or an enum, elements of a tuple. */
export const maxFields = 10_000;

/** Parameters of one function; the engines' limit for core functions. */
export const maxParams = 1_000;

/** Flags of one `flags` type. Source: *Binary.md*, `defvaltype`. */
export const maxFlags = 32;

/** Canonical options of one canonical definition: no more kinds are known. */
export const maxCanonicalOptions = 100;

/** Attributes of one import or export name. */
export const maxNameAttributes = 10;

/** Results of a core function, the engines' limit. */
export const maxCoreResults = 1_000;

/** Fields of one core struct type, the engines' limit. */
export const maxCoreFields = 10_000;

/** Declared supertypes of one core type. Source: *WebAssembly 3.0*, "Validation of types". */
export const maxCoreSupertypes = 1;

/** Supertypes above one another, the engines' limit. */
export const maxCoreSubtyping = 63;

/** Pages of a 32-bit memory. Source: *WebAssembly 3.0*, "Memory types". */
export const maxMemoryPages = 65_536n;

/** `elem_size(t, 'i64')` of a value type must be less. Source: *CanonicalABI.md*, "Element Size". */
export const maxElementSize: number = 2 ** 28;

/** Flat parameters of a function; more are passed in memory. Source: *CanonicalABI.md*, "Flattening". */
export const maxFlatParams = 16;
/** The same for functions lowered with the asynchronous ABI. */
export const maxFlatAsyncParams = 4;
/** Flat results of a function; more are passed in memory. */
export const maxFlatResults = 1;

/**
 * What one call may lift, in bytes: lists may lie on top of each other, so that a small memory holds any number of elements. An
 * element that becomes a JavaScript value of its own, and each object inside it, counts {@link elementCost} more, and each flag,
 * number or other field of such an object {@link slotCost}: eight flags are a byte in memory, and 130 in JavaScript.
 */
export const maxLifted: number = 2 ** 28;
export const elementCost = 64;
export const slotCost = 16;

/**
 * Definitions that one instantiation may run, an instance counting for {@link instanceCost} of them: components that each
 * instantiate the one before twice ask for exponential work. Each page of the memories that a core instance begins with
 * counts for one, and so do {@link elementsPerPage} elements of its tables: an engine fills those, and takes 35 bytes for each.
 */
export const maxLinkWork = 1_000_000;
export const instanceCost = 100;
export const elementsPerPage = 16;

/**
 * Objects for resources that were made in one turn of the event loop, after which those that are still live are registered for
 * finalization. Until then none of them is collected.
 */
export const maxRecentObjects = 256;

/**
 * Handles of one component instance, and of the host, where it says nothing else. An entry takes 75 bytes: the 2^28 - 1 that
 * the specification allows (`Table.MAX_LENGTH`) are more than all of a host's memory, and a guest makes them in a loop.
 */
export const defaultMaxHandles = 4_000_000;
