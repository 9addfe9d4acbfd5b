/**
 * The limits of the loader, with their reasons. Everything that is counted in a component has a limit, so that a
 * hostile input of any size is refused before it costs more memory or time than its length justifies.
 *
 * The core limits are the ones that every JavaScript engine applies (*WebAssembly JavaScript Interface*,
 * "Implementation-defined Limits"). The component limits are of the same order as those of wasm-tools, far above the
 * output of tools.
 */

/**
 * The maximum number of levels of components, component types, instance types and instances inside one another, nested
 * in the text or by reference. Each level is a recursive call of the loader.
 */
export const maxNesting = 100;

/**
 * The maximum number of levels of value types inside one another (`list<list<…>>`). Each level is a recursive call in
 * the validator and the ABI.
 */
export const maxTypeDepth = 100;

/**
 * The maximum number of types in one value type, each counted as often as it occurs. `list<tuple<t, t>>` doubles the
 * number with each level. The validator and the canonical ABI need time in proportion to this number.
 */
export const maxTypeNodes = 100_000;

/**
 * The maximum number of type nodes, imports, exports and parameters that the validator builds, substitutes, compares or
 * searches for one component and all components nested in it. Each instantiation copies the child's type with its
 * arguments substituted, so a short chain of components can require exponential work.
 */
export const maxTypeWork = 1_000_000;

/** The maximum number of bytes of one name. Engines have the same limit for import and export names. */
export const maxNameLength = 100_000;

/** The number of names in a cache of names, for all components together, and the length of the longest name in it. */
export const maxRecent = 4_096;
export const maxRecentLength = 128;

/**
 * The maximum number of definitions of one sort in one component. Engines have the same limit for types and functions
 * of a module.
 */
export const maxIndexSpace = 1_000_000;

/** The maximum number of instances or values in one section. */
export const maxInstances = 10_000;

/** The maximum number of declarators of one component, instance or module type. */
export const maxDeclarators = 100_000;

/**
 * The maximum number of imports or exports of one core module, arguments of one instantiation, and inline exports of
 * one instance.
 */
export const maxExports = 100_000;

/** The maximum number of fields of a record, cases of a variant or an enum, and elements of a tuple. */
export const maxFields = 10_000;

/** The maximum number of parameters of one function. Engines have the same limit for core functions. */
export const maxParams = 1_000;

/** The maximum number of flags of one `flags` type. Source: *Binary.md*, `defvaltype`. */
export const maxFlags = 32;

/** The maximum number of canonical options of one canonical definition. There are fewer kinds of options. */
export const maxCanonicalOptions = 100;

/** The maximum number of attributes of one import or export name. */
export const maxNameAttributes = 10;

/** The maximum number of results of a core function. Engines have the same limit. */
export const maxCoreResults = 1_000;

/** The maximum number of fields of one core struct type. Engines have the same limit. */
export const maxCoreFields = 10_000;

/** The maximum number of declared supertypes of one core type. Source: *WebAssembly 3.0*, "Validation of types". */
export const maxCoreSupertypes = 1;

/** The maximum number of levels of supertypes. Engines have the same limit. */
export const maxCoreSubtyping = 63;

/** The maximum number of pages of a 32-bit memory. Source: *WebAssembly 3.0*, "Memory types". */
export const maxMemoryPages = 65_536n;

/** The exclusive limit of `elem_size(t, 'i64')` of a value type. Source: *CanonicalABI.md*, "Element Size". */
export const maxElementSize: number = 2 ** 28;

/**
 * The maximum number of flat parameters of a function. If there are more, they are passed in memory. Source:
 * *CanonicalABI.md*, "Flattening".
 */
export const maxFlatParams = 16;
/** The maximum number of flat parameters of a function that is lowered with the asynchronous ABI. */
export const maxFlatAsyncParams = 4;
/** The maximum number of flat results of a function. If there are more, they are passed in memory. */
export const maxFlatResults = 1;

/**
 * The default of `maxLiftedBytes`, the bytes that one call may lift. Lists may overlap in memory, so a small memory can
 * contain any number of elements. An element that becomes a separate JavaScript value, and each object inside it,
 * counts {@link elementCost} more. Each flag, number or other field of such an object counts {@link slotCost} more. For
 * example, eight flags need one byte in memory, and 130 bytes in JavaScript.
 */
export const defaultMaxLiftedBytes: number = 2 ** 28;
export const elementCost = 64;
export const slotCost = 16;

/**
 * The maximum number of definitions that one instantiation may run. An instance counts for {@link instanceCost} of
 * them, because components that each instantiate the previous one twice require exponential work. Each initial page of
 * a core instance's memories counts for one, and so do {@link elementsPerPage} initial elements of its tables, because
 * an engine fills them and uses 35 bytes for each.
 */
export const maxLinkWork = 1_000_000;
export const instanceCost = 100;
export const elementsPerPage = 16;

/**
 * The maximum number of objects for resources that one turn of the event loop may create before the live ones are
 * registered for finalization. Until then none of them is garbage-collected.
 */
export const maxRecentObjects = 256;

/**
 * The default limit of handles of one component instance, and of the host. An entry takes 75 bytes. The 2^28 - 1 that
 * the specification allows (`Table.MAX_LENGTH`) need more than all of a host's memory, and a guest can create them in a
 * loop.
 */
export const defaultMaxHandles = 4_000_000;
