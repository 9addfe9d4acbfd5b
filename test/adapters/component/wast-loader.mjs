// Plugs this loader into the component-model wast runner (see its README):
//   node bin/run.mjs --loader <this file> --suite <folder of .wast files> --profile sync
// Node's type stripping runs the sources as they are.
import {
  compile,
  instantiate,
  isComponentError,
  isLinkError,
  isTrap,
  isUnsupportedError,
} from '../../../src/adapters/component/index.ts';

export default {
  name: 'decidable',
  compile,
  instantiate,
  isTrap,
  isLinkError,
  isUnsupported: (error) => isUnsupportedError(error) || error instanceof ReferenceError || error instanceof TypeError,
  errPayload: (error) => (isComponentError(error) ? { payload: error.payload } : null),
};
