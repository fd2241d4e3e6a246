/* Operations: facts of the node, what waits and who is slow, and what happens to a message. */

import { expect, expectFits, test } from './fixtures.ts';

test('operations shows facts of the node, live', async ({ home, join, node }) => {
    const oven = await join('oven-1');
    oven.publish('plant/h1/oven-1/temp_c', '181.9');
    await home.keyboard.press('g');
    await home.keyboard.press('o');
    await expect(home.getByText(/gw-e2e has run for .*, and its store writes/)).toBeVisible();
    await expect(home.getByText('Workers')).toBeVisible();
    await expect(home.locator('.stat').first()).toBeVisible();
    await expectFits(home, 'operations');
    await home.getByRole('link', { name: 'Queues' }).click();
    await expect(home).toHaveURL(`${node.url}/operations/queues`);
    await expect(home.getByRole('img', { name: /Messages in queues/ })).toBeVisible();
    await expect(home.getByText('Nobody subscribed')).toBeVisible();
    await expectFits(home, 'queues');
});

test('a client that does not read is named as slow, with what waits for it', async ({
    home,
    join,
    node,
}) => {
    test.skip(node.kind === 'mock', 'everybody reads at the mock');
    const wallboard = await join('wallboard-9');
    wallboard.subscribe('bulk/#');
    await expect(async () => {
        const answer = await home.request.get(`${node.url}/api/v1/machines/wallboard-9`);
        expect(JSON.stringify(await answer.json())).toContain('bulk/#');
    }).toPass();
    wallboard.stall();
    const camera = await join('camera-1');
    await home.goto(`${node.url}/operations/queues`);
    const row = home.getByRole('row', { name: /wallboard-9/ });
    await expect(async () => {
        Array.from({ length: 20 }, () => camera.publish('bulk/frame', Buffer.alloc(500_000)));
        await expect(row).toBeVisible({ timeout: 1_000 });
    }).toPass();
    await expect(home.getByText(/1 client is slow/)).toBeVisible();
    await expectFits(home, 'slow');
    wallboard.cut();
    await expect(row).toBeHidden();
});

test('a trace shows what happens to a message, and ends', async ({ home, join, node }) => {
    const oven = await join('oven-1');
    const hmi = await join('hmi-1');
    hmi.subscribe('plant/h1/#');
    await home.goto(`${node.url}/operations/trace`);
    await home.getByRole('button', { name: 'Start the trace' }).click();
    await expect(home.getByText('What is to be followed?')).toBeVisible();
    await home.getByLabel('Topic or filter').fill('plant/h1/#');
    await home.getByRole('button', { name: 'Start the trace' }).click();
    await expect(home.getByRole('button', { name: 'Stop' })).toBeVisible();
    const steps = home.getByRole('log', { name: 'Steps of the trace' });
    await expect(async () => {
        oven.publish('plant/h1/oven-1/temp_c', '181.9');
        await expect(steps).toContainText('deliver', { timeout: 1_000 });
    }).toPass();
    await expect(steps.getByRole('link', { name: 'hmi-1' }).first()).toBeVisible();
    await expectFits(home, 'trace');
    await home.reload();
    await expect(steps).toContainText('deliver');
    await home.getByRole('button', { name: 'Stop' }).click();
    await expect(home.getByRole('button', { name: 'Start the trace' })).toBeVisible();
});

test('the packets of a client are logged while somebody wants it', async ({ home, join, node }) => {
    const press = await join('press-07');
    await home.goto(`${node.url}/operations/logs`);
    await home.getByRole('button', { name: 'Log a client' }).click();
    await home.getByLabel('Client id').fill('press-07');
    await home.getByRole('button', { name: 'Log it' }).click();
    await expect(home.getByRole('heading', { name: 'Packets of press-07' })).toBeVisible();
    press.publish('plant/h1/press-07/force_kn', '840.1');
    await expect(home.getByRole('row', { name: /PUBLISH/ }).first()).toBeVisible();
    await expectFits(home, 'logs');
    await home.getByRole('button', { name: 'Stop logging press-07' }).click();
    await expect(home.getByRole('heading', { name: 'Packets of press-07' })).toBeHidden();
});

test('limits and storage show what is in use', async ({ home, join, node }) => {
    const oven = await join('oven-1');
    oven.publish('plant/h1/oven-1/temp_c', '181.9', { retain: true });
    await home.goto(`${node.url}/operations/limits`);
    await expect(home.getByRole('row', { name: /^Connections / }).first()).toBeVisible();
    await expect(home.getByText('mqtt.connections_max', { exact: true })).toBeVisible();
    await expectFits(home, 'limits');
    await home.getByRole('link', { name: 'Storage' }).click();
    await expect(home.getByText(/The store writes/)).toBeVisible();
    await expect(home.getByText('messages.db', { exact: true })).toBeVisible();
    await expectFits(home, 'storage');
});

test('a backup is made and saved', async ({ home, node }) => {
    await home.goto(`${node.url}/operations/backup`);
    await home.getByRole('button', { name: 'Make a backup' }).click();
    await expect(home.getByRole('link', { name: 'Save the file' })).toBeVisible({
        timeout: 20_000,
    });
    await expect(home.getByText(/The last backup was made/)).toBeVisible();
    await expectFits(home, 'backup');
    if (node.kind === 'binary') {
        const waits = home.waitForEvent('download');
        await home.getByRole('link', { name: 'Save the file' }).click();
        expect((await waits).suggestedFilename()).toMatch(/\.tar$/);
    }
});

test('what this node does not have is said calmly', async ({ home, node, allow }) => {
    allow(/status of 404/);
    await home.route('**/api/v1/limits', (route) =>
        route.fulfill({
            status: 404,
            contentType: 'application/problem+json',
            body: JSON.stringify({ title: 'Not Found', status: 404, code: 'route.unknown' }),
        }),
    );
    await home.goto(`${node.url}/operations/limits`);
    await expect(home.getByText('Not available on this node')).toBeVisible();
    await expect(home.getByRole('alert')).toBeHidden();
});
