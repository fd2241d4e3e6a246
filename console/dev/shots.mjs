/* `npm run shots [-- name...]`: screenshots of every page and state over the mock, into shots/.
   The world and the clock stand still, so that two runs give the same pictures. Each scene also
   fails if the page scrolls sideways, breaks its CSP or writes an error to the console. */

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { mockUser, startMock } from './mock-server.mjs';

const out = fileURLToPath(new URL('../shots/', import.meta.url));
const now_ms = Date.parse('2026-11-23T07:42:17.318Z');
const views = {
    desk: { width: 1440, height: 900 },
    phone: { width: 390, height: 844 },
    small: { width: 360, height: 740 },
    wide: { width: 1920, height: 1080 },
    tablet: { width: 1024, height: 768 },
};
const everywhere = [
    'desk light',
    'desk dark',
    'desk night',
    'phone light',
    'phone dark',
    'small light',
];
const twice = ['desk light', 'phone dark'];

const oven = 'plant/h3/oven-3/temp_c';
const click = (name) => (page) => page.getByRole('button', { name, exact: true }).first().click();

const traceTo = (name) => async (page) => {
    await page.getByLabel('To', { exact: true }).selectOption({ label: name });
    await page.getByText(/hops?, by link state/).waitFor();
};

async function makeKey(page) {
    await page.getByRole('textbox', { name: 'Name' }).fill('lathe-04');
    await page.getByRole('button', { name: 'Make its key' }).click();
    await page.getByText('Key of').waitFor();
}

const scenes = [
    { name: 'signin', path: '/signin', isOut: true, looks: everywhere },
    { name: 'claim', path: '/claim#mock-claim-code', isOut: true, looks: everywhere },
    { name: 'home', path: '/', looks: [...everywhere, 'wide light', 'tablet dark'], isFull: true },
    { name: 'connect', path: '/connect', looks: everywhere },
    { name: 'connect-key', path: '/connect', looks: twice, act: makeKey, isFull: true },
    {
        name: 'connect-refused',
        path: '/connect',
        looks: ['desk dark'],
        act: async (page, mock) => {
            await makeKey(page);
            mock.change({ refuse: 'lathe-04' });
            await page.getByText('Refused at').waitFor();
        },
    },
    {
        name: 'connect-live',
        path: '/connect',
        looks: ['desk light', 'desk night', 'phone light'],
        isFull: true,
        act: async (page, mock) => {
            await makeKey(page);
            for (const [index, payload] of [21.5, 21.7, 21.6, 21.4, 21.8, 22].entries()) {
                mock.change({
                    publish: {
                        id: 'lathe-04',
                        topic: 'machines/lathe-04/temp_c',
                        payload: String(payload),
                    },
                });
                if (index === 0) await page.getByText('lathe-04 is live').first().waitFor();
            }
        },
    },
    { name: 'machines', path: '/machines', looks: [...everywhere, 'wide light', 'tablet light'] },
    {
        name: 'machines-search',
        path: '/machines?q=oven&sort=messages_in',
        looks: ['desk light', 'phone light'],
    },
    {
        name: 'machine',
        path: '/machines/coffee-maker',
        looks: everywhere,
        isFull: true,
        isMoving: true,
    },
    { name: 'machine-offline', path: '/machines/hmi-5', looks: ['desk light', 'phone light'] },
    { name: 'machine-lost', path: '/machines/nobody', looks: ['desk light'] },
    { name: 'machine-forget', path: '/machines/oven-1', looks: twice, act: click('Forget') },
    {
        name: 'topics',
        path: `/topics?name=${encodeURIComponent(oven)}`,
        looks: [...everywhere, 'tablet dark', 'wide dark'],
        isFull: true,
    },
    {
        name: 'topics-search',
        path: '/topics?q=oven%20temp%20%3E%20180',
        looks: ['desk dark', 'phone light'],
    },
    { name: 'topics-none', path: '/topics?q=nothing%20here', looks: ['desk light'] },
    {
        name: 'topics-publish',
        path: `/topics?name=${encodeURIComponent(oven)}`,
        looks: twice,
        act: click('Publish'),
    },
    { name: 'keys', path: '/security/keys', looks: everywhere },
    { name: 'keys-new', path: '/access?new=1', looks: twice },
    {
        name: 'keys-viewer',
        path: '/security/keys',
        looks: ['desk light'],
        scenario: { role: 'viewer' },
    },
    {
        name: 'security',
        path: '/security',
        looks: [...everywhere, 'wide light', 'tablet dark'],
        isFull: true,
    },
    {
        name: 'security-trouble',
        path: '/security',
        looks: twice,
        isFull: true,
        scenario: { insecure: true, store: { state: 'degraded', reason: 'the disk is full' } },
    },
    { name: 'users', path: '/security/users', looks: everywhere },
    { name: 'users-new', path: '/security/users?new=1', looks: twice },
    { name: 'credentials', path: '/security/machines', looks: everywhere, isFull: true },
    { name: 'credentials-new', path: '/security/machines?new=1', looks: twice },
    { name: 'credential', path: '/security/machines/pump-003', looks: twice },
    {
        name: 'claim-code',
        path: '/security/machines',
        looks: twice,
        act: async (page) => {
            await page.getByRole('button', { name: 'Make a code' }).click();
            await page.getByRole('button', { name: 'Make the code' }).click();
            await page.getByText('The claim code').first().waitFor();
        },
    },
    {
        name: 'credentials-empty',
        path: '/security/machines',
        looks: ['desk light'],
        options: { isEmpty: true },
    },
    { name: 'topic-roles', path: '/security/roles', looks: twice },
    {
        name: 'role',
        path: '/security/roles/sensor',
        looks: everywhere,
        act: async (page) => {
            await page
                .getByLabel('Rules', { exact: true })
                .fill(
                    'allow publish plant/${machine}/#\nallow read plant/#\n\ndeny both plant/+/recipe/#',
                );
        },
    },
    {
        name: 'role-diff',
        path: '/security/roles/sensor',
        looks: twice,
        act: async (page) => {
            await page
                .getByLabel('Rules', { exact: true })
                .fill(
                    '# Sensors: their own place, and the alarms of all.\nallow publish   plant/${machine}/#\nallow subscribe plant/+/alarms/#\n\n# Recipes are nobody’s business.\ndeny  both      plant/+/recipe/#',
                );
            await page.getByRole('button', { name: 'Look at the change' }).click();
        },
    },
    { name: 'role-built-in', path: '/security/roles/own', looks: ['desk dark'] },
    {
        name: 'acl',
        path: '/security/test',
        looks: everywhere,
        act: async (page) => {
            await page.getByLabel('Name').fill('vib-004');
            await page.getByLabel('Topic', { exact: true }).fill('plant/vib-004/recipe/7');
            await page.getByRole('button', { name: 'Ask the node' }).click();
            await page.getByText('Decided by').waitFor();
        },
    },
    { name: 'audit', path: '/security/audit', looks: everywhere },
    { name: 'audit-none', path: '/security/audit?who=nobody', looks: ['desk light'] },
    {
        name: 'security-absent',
        path: '/security/users',
        looks: ['desk light'],
        scenario: { absent: ['users'] },
    },
    {
        name: 'mesh',
        path: '/mesh',
        looks: [...everywhere, 'wide light', 'tablet dark'],
        isFull: true,
        act: traceTo('pump-house'),
    },
    {
        name: 'mesh-node',
        path: '/mesh?show=queue',
        looks: twice,
        isFull: true,
        scenario: { suspect: 'press-gw' },
        act: (page) => page.getByRole('row').getByRole('button', { name: 'paint-gw' }).click(),
    },
    {
        name: 'mesh-floor',
        path: '/mesh',
        looks: ['desk dark', 'phone light', 'wide light'],
        isFull: true,
        scenario: { mesh: 300 },
        act: traceTo('node-002'),
    },
    { name: 'mesh-none', path: '/mesh', looks: twice, scenario: { mesh: 'none' } },
    { name: 'mesh-off', path: '/mesh', looks: ['desk light'], scenario: { mesh: 'off' } },
    { name: 'mesh-joining', path: '/mesh', looks: ['phone light'], scenario: { mesh: 'joining' } },
    { name: 'mesh-alone', path: '/mesh', looks: twice, scenario: { mesh: 'alone' } },
    { name: 'mesh-viewer', path: '/mesh', looks: ['desk light'], scenario: { role: 'viewer' } },
    {
        name: 'mesh-invite',
        path: '/mesh',
        looks: twice,
        act: async (page) => {
            await page.getByRole('button', { name: 'Invite a node' }).click();
            await page.getByRole('button', { name: 'Make the token' }).click();
            await page.getByText('Shown once').waitFor();
        },
    },
    {
        name: 'mesh-revoke',
        path: '/mesh',
        looks: twice,
        act: async (page) => {
            await page.getByRole('row').getByRole('button', { name: 'paint-gw' }).click();
            await page.getByRole('button', { name: 'Revoke', exact: true }).click();
            await page.getByText('Type the name').waitFor();
        },
    },
    {
        name: 'operations',
        path: '/operations',
        looks: [...everywhere, 'tablet light'],
        isMoving: true,
    },
    { name: 'limits', path: '/operations/limits', looks: everywhere },
    { name: 'queues', path: '/operations/queues', looks: everywhere, isMoving: true, isFull: true },
    { name: 'storage', path: '/operations/storage', looks: everywhere },
    {
        name: 'storage-trouble',
        path: '/operations/storage',
        looks: ['desk dark'],
        scenario: { store: { state: 'degraded', reason: 'the disk is full' } },
    },
    {
        name: 'trace',
        path: '/operations/trace?topic=plant/%23',
        looks: everywhere,
        isMoving: true,
        act: async (page) => {
            await page.getByRole('button', { name: 'Start the trace' }).click();
            await page.waitForTimeout(1_500);
        },
    },
    { name: 'trace-empty', path: '/operations/trace', looks: twice },
    { name: 'logs', path: '/operations/logs', looks: twice },
    {
        name: 'logs-empty',
        path: '/operations/logs',
        looks: ['desk dark'],
        options: { isEmpty: true },
    },
    { name: 'backup', path: '/operations/backup', looks: everywhere },
    {
        name: 'backup-running',
        path: '/operations/backup',
        looks: ['desk light'],
        isMoving: true,
        act: async (page) => {
            await page.getByRole('button', { name: 'Make a backup' }).click();
            await page.waitForTimeout(2_000);
        },
    },
    {
        name: 'limits-failed',
        path: '/operations/limits',
        looks: ['desk light'],
        scenario: { fail: ['/api/v1/limits'] },
    },
    {
        name: 'palette',
        path: '/',
        looks: ['desk light', 'phone dark'],
        act: async (page) => {
            await page.keyboard.press('Control+k');
            await page.getByRole('combobox').fill('oven');
            await page.waitForTimeout(400);
        },
    },
    {
        name: 'more',
        path: '/',
        looks: ['phone light'],
        act: (page) => page.getByRole('button', { name: 'More' }).click(),
    },
    { name: 'home-empty', path: '/', looks: twice, options: { isEmpty: true } },
    {
        name: 'machines-empty',
        path: '/machines',
        looks: ['desk light'],
        options: { isEmpty: true },
    },
    { name: 'topics-empty', path: '/topics', looks: ['desk dark'], options: { isEmpty: true } },
    {
        name: 'keys-empty',
        path: '/security/keys',
        looks: ['desk light'],
        options: { isEmpty: true },
    },
    {
        name: 'home-trouble',
        path: '/',
        looks: ['desk light', 'phone light', 'desk dark'],
        scenario: {
            store: { state: 'degraded', reason: 'disk has 0.4 GB left of 64 GB' },
            insecure: true,
        },
    },
    {
        name: 'home-failed',
        path: '/',
        looks: ['desk light'],
        scenario: { fail: ['/api/v1/usage', '/api/v1/node', '/api/v1/events', '/api/v1/stats'] },
    },
    {
        name: 'machines-failed',
        path: '/machines',
        looks: ['desk dark'],
        scenario: { fail: ['/api/v1/machines'] },
    },
    {
        name: 'home-loading',
        path: '/',
        looks: ['desk light'],
        scenario: {
            slow: ['/api/v1/usage', '/api/v1/stats', '/api/v1/node', '/api/v1/events'],
            silent: true,
        },
        waits_ms: 700,
    },
    {
        name: 'home-stale',
        path: '/',
        looks: ['desk light', 'phone dark'],
        act: async (page, mock) => {
            mock.change({ deaf: true });
            await page.getByText('Not live since').waitFor();
        },
    },
    {
        name: 'topics-stale',
        path: `/topics?name=${encodeURIComponent(oven)}`,
        looks: ['desk dark'],
        act: async (page, mock) => {
            mock.change({ deaf: true });
            await page.getByText('Not live since').waitFor();
        },
    },
    { name: 'home-contrast', path: '/', looks: ['desk light'], media: { contrast: 'more' } },
    { name: 'home-forced', path: '/', looks: ['desk light'], media: { forcedColors: 'active' } },
    {
        name: 'topics-forced',
        path: `/topics?name=${encodeURIComponent(oven)}`,
        looks: ['desk light'],
        media: { forcedColors: 'active' },
    },
    { name: 'lost', path: '/nowhere', looks: ['phone light'] },
    {
        name: 'api-line',
        path: '/machines',
        looks: ['desk light'],
        act: (page) => page.locator('.api summary').click(),
    },
];

async function signIn(context, mock) {
    const { name, password } = mockUser;
    await context.request.post(`${mock.url}/api/v1/session`, { data: { name, password } });
}

async function shoot(browser, scene, look) {
    const [view, theme] = look.split(' ');
    const mock = await startMock({
        now_ms,
        isFrozen: !scene.isMoving,
        isUnclaimed: scene.name === 'claim',
        ...scene.options,
    });
    const isTouch = view === 'phone' || view === 'small';
    const context = await browser.newContext({
        viewport: views[view],
        timezoneId: 'Europe/Stockholm',
        locale: 'en-GB',
        hasTouch: isTouch,
        isMobile: isTouch,
        deviceScaleFactor: 1,
    });
    const page = await context.newPage();
    const faults = [];
    page.on('console', (message) => {
        const isExpected = /status of (40[014]|503)|WebSocket connection/.test(message.text());
        if (message.type() === 'error' && !isExpected) faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    if (scene.scenario?.role) mock.change({ role: scene.scenario.role });
    if (!scene.isOut) await signIn(context, mock);
    mock.change(scene.scenario ?? {});
    await page.emulateMedia({ reducedMotion: 'no-preference', ...scene.media });
    await page.clock.setFixedTime(now_ms + 400);
    const [path, hash = ''] = scene.path.split('#');
    const still = `${path}${path.includes('?') ? '&' : '?'}theme=${theme}${scene.isMoving ? '' : '&still'}`;
    await page.goto(`${mock.url}${still}${hash ? `#${hash}` : ''}`, { waitUntil: 'load' });
    if (scene.waits_ms) await page.waitForTimeout(scene.waits_ms);
    else {
        await page.locator('h1').first().waitFor();
        await page.waitForTimeout(scene.isMoving ? 4_000 : 700);
    }
    if (scene.act) {
        await scene.act(page, mock);
        await page.waitForTimeout(400);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) faults.push(`scrolls sideways by ${over} px`);
    await page.screenshot({ path: `${out}${scene.name}-${view}-${theme}.png` });
    if (scene.isFull) {
        await page.screenshot({
            path: `${out}${scene.name}-${view}-${theme}-full.png`,
            fullPage: true,
        });
    }
    await context.close();
    await mock.close();
    return faults;
}

mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(2);
const browser = await launch();
let failed = 0;
for (const scene of scenes) {
    if (wanted.length > 0 && !wanted.includes(scene.name)) continue;
    for (const look of scene.looks) {
        const faults = await shoot(browser, scene, look).catch((error) => [String(error)]);
        if (faults.length > 0) {
            failed += 1;
            console.log(`${scene.name} ${look}:\n  ${faults.join('\n  ')}`);
        }
    }
}
await browser.close();
console.log(failed === 0 ? 'all scenes are clean' : `${failed} scenes have faults`);
process.exitCode = failed === 0 ? 0 : 1;
