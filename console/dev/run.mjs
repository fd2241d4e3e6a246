/* `npm run dev`: the mock node and Vite's server in front of it, on one address. */

import { createServer } from 'vite';
import { fileURLToPath } from 'node:url';
import { mockUser, optionsFrom, startMock } from './mock-server.mjs';

const mock = await startMock({ ...optionsFrom(process.argv.slice(2)), port: 0 });
const proxied = { target: mock.url, ws: true };
const vite = await createServer({
    root: fileURLToPath(new URL('..', import.meta.url)),
    server: { proxy: { '/api': proxied, '/dev/scenario': proxied, '/kith-ca.pem': proxied } },
});
await vite.listen();
vite.printUrls();
console.log(`  sign in as ${mockUser.name} with "${mockUser.password}"`);
