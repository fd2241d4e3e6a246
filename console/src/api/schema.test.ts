import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { makeTypes, schemaFile } from '../../dev/make-types.mjs';

it('The types of the API are those that the node describes: else run `npm run types`', async () => {
    expect(readFileSync(schemaFile, 'utf8')).toBe(await makeTypes());
});
