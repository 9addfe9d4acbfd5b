import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { isInvalidError, isUnsupportedError } from '../../../../src/adapters/component/errors.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import { assemble } from '../assemble.ts';
import type { ValidationCase } from './case.ts';
import { cases as aliases } from './cases/aliases.ts';
import { cases as canonicalDefinitions } from './cases/canonical-definitions.ts';
import { cases as coreModules } from './cases/core-modules.ts';
import { cases as definedTypes } from './cases/defined-types.ts';
import { cases as externalVisibility } from './cases/external-visibility.ts';
import { cases as featuresAndLimits } from './cases/features-and-limits.ts';
import { cases as instantiation } from './cases/instantiation.ts';
import { cases as names } from './cases/names.ts';
import { cases as resources } from './cases/resources.ts';
import { cases as valueSizes } from './cases/value-sizes.ts';

const rules = {
  'defined types': definedTypes,
  'value sizes': valueSizes,
  names,
  aliases,
  'core modules': coreModules,
  instantiation,
  resources,
  'external visibility': externalVisibility,
  'canonical definitions': canonicalDefinitions,
  'features and limits': featuresAndLimits,
};

for (const [rule, cases] of Object.entries(rules)) {
  describe(rule, () => {
    for (const one of cases) test(one.name, () => check(one));
  });
}

async function check({ text, invalid, path, unsupported }: ValidationCase): Promise<void> {
  const bytes = await assemble(text);
  const component = decode(bytes);
  if (invalid === undefined && unsupported === undefined) {
    const validated = validate(component);
    assert.equal(validated.definitions.length, component.definitions.length);
    return;
  }
  assert.throws(
    () => validate(component),
    (error) => {
      if (unsupported !== undefined) {
        assert.ok(isUnsupportedError(error), String(error));
        assert.equal(error.feature, unsupported);
        return true;
      }
      assert.ok(isInvalidError(error), String(error));
      assert.ok(error.message.includes(invalid ?? ''), error.message);
      assert.ok(error.offset > 0 && error.offset < bytes.length, `offset ${error.offset} of ${bytes.length}`);
      if (path !== undefined) assert.deepEqual(error.path, path);
      return true;
    },
  );
}
