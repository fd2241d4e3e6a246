/* `npm run types`: writes src/api/schema.ts from the node's own description, src/api/openapi.json of the
   repository. A test compares the two, so that neither side changes alone. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const description = fileURLToPath(new URL('../../src/api/openapi.json', import.meta.url));
export const schemaFile = fileURLToPath(new URL('../src/api/schema.ts', import.meta.url));

const head = `/* Written by dev/make-types.mjs from openapi.json of the node; do not edit. Times are RFC 3339 UTC
   with milliseconds; numbers name their unit. */

`;

function note(schema) {
    return schema.description === undefined ? '' : `/** ${schema.description} */\n`;
}

function objectType(schema) {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties ?? {}).map(
        ([name, property]) =>
            `${note(property)}${name}${required.has(name) ? '' : '?'}: ${typeOf(property)};`,
    );
    if (members.length === 0) {
        const values = schema.additionalProperties;
        return `Record<string, ${typeof values === 'object' ? typeOf(values) : 'unknown'}>`;
    }
    return `{ ${members.join('\n')} }`;
}

const plain = {
    string: 'string',
    integer: 'number',
    number: 'number',
    boolean: 'boolean',
    null: 'null',
};

function namedType(schema, type) {
    if (type === 'object') return objectType(schema);
    if (type !== 'array') return plain[type] ?? 'unknown';
    const { items, minItems, maxItems } = schema;
    const isTuple = minItems !== undefined && minItems === maxItems && minItems <= 4;
    return isTuple
        ? `[${Array.from({ length: minItems }, () => typeOf(items)).join(', ')}]`
        : `(${typeOf(items)})[]`;
}

function typeOf(schema) {
    if (schema.$ref) return schema.$ref.split('/').at(-1);
    if (schema.oneOf) return schema.oneOf.map(typeOf).join(' | ');
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
    return [schema.type]
        .flat()
        .map((type) => namedType(schema, type))
        .join(' | ');
}

export async function makeTypes() {
    const { schemas } = JSON.parse(readFileSync(description, 'utf8')).components;
    const types = Object.entries(schemas).map(
        ([name, schema]) => `${note(schema)}export type ${name} = ${typeOf(schema)};`,
    );
    const options = await resolveConfig(schemaFile);
    return format(head + types.join('\n\n'), { ...options, parser: 'typescript' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    writeFileSync(schemaFile, await makeTypes());
}
