/* Every page with live traffic. */

import { expect, expectFits, test } from './fixtures.ts';

test('home shows what flows, and who came', async ({ home, join }) => {
    const oven = await join('oven-1');
    oven.publish('plant/h1/oven-1/temp_c', '181.9', { retain: true });
    await expect(
        home.getByText(/\d+ (of \d+ machines are|machine is) online|is online/),
    ).toBeVisible();
    await expect(home.getByRole('heading', { name: 'What changed' })).toBeVisible();
    await expect(home.getByRole('link', { name: 'oven-1' }).first()).toBeVisible();
    await expect(home.getByText('Live on gw-e2e')).toBeVisible();
    await expect(home.getByRole('img', { name: /Messages a second in and out/ })).toBeVisible();
    await expectFits(home, 'home');
});

test('connect turns green at the first message of the machine', async ({ home, join }) => {
    await home.getByRole('link', { name: 'Connect a machine' }).click();
    await expect(home.getByText('Nothing to wait for yet')).toBeVisible();
    await home.getByRole('textbox', { name: 'Name' }).fill('');
    await home.getByRole('button', { name: 'Make its key' }).click();
    await expect(home.getByText('A name is needed.')).toBeVisible();
    await home.getByRole('textbox', { name: 'Name' }).fill('lathe-04');
    await home.getByRole('button', { name: 'Make its key' }).click();
    await expect(home.getByText('Waiting for lathe-04')).toBeVisible();
    const key = (await home.locator('pre.key').innerText()).trim();
    expect(key).toMatch(/^kk_/);
    await expect(home.getByLabel('Shell, mosquitto_pub')).toContainText(key);

    const lathe = await join('lathe-04', key);
    lathe.publish('machines/lathe-04/temp_c', '21.5');
    await expect(home.getByText('lathe-04 is live').first()).toBeVisible();
    await expect(home.locator('.wz.is-on')).toBeVisible();
    await expectFits(home, 'connect');
    await home.getByRole('link', { name: 'Open lathe-04' }).click();
    await expect(home.getByRole('heading', { level: 1 })).toContainText('lathe-04');
});

test('connect gives a snippet for every language', async ({ home }) => {
    await home.keyboard.press('g');
    await home.keyboard.press('c');
    for (const [kind, language, words] of [
        ['Linux gateway', 'Python', 'paho.mqtt.client'],
        ['Linux gateway', 'C', 'MQTTClient_create'],
        ['Server program', 'Node', 'connectAsync'],
        ['ESP32', '', 'PubSubClient mqtt'],
        ['Other', 'Settings', 'client id'],
    ] as const) {
        await home.locator('.pick label', { hasText: kind }).click();
        if (language !== '') {
            await home.getByRole('button', { name: language, exact: true }).click();
        }
        await expect(home.locator('.stp pre').last()).toContainText(words);
    }
});

test('a refused machine shows its reason', async ({ home, join }) => {
    await home.keyboard.press('g');
    await home.keyboard.press('c');
    await home.getByRole('textbox', { name: 'Name' }).fill('press-07');
    await home.getByRole('button', { name: 'Make its key' }).click();
    await expect(home.getByText('Waiting for press-07')).toBeVisible();
    await expect(join('press-07', 'kk_this-is-not-its-key')).rejects.toThrow(/refused/);
    await expect(home.getByText('Refused at')).toBeVisible();
});

test('topics shows a new value without being asked again', async ({ home, join, allow }) => {
    allow(/status of 404/);
    const oven = await join('oven-3');
    oven.publish('plant/h2/oven-3/temp_c', '184.2', { retain: true });
    oven.publish('plant/h2/oven-3/door', '"closed"', { retain: true });
    await home.goto(`${new URL(home.url()).origin}/topics?name=plant%2Fh2%2Foven-3%2Ftemp_c`);
    const row = home.getByRole('row', { name: /temp_c/ });
    await expect(row).toContainText('184.2');
    oven.publish('plant/h2/oven-3/temp_c', '185.7', { retain: true });
    await expect(row).toContainText('185.7');
    await expect(home.locator('.insp-read')).toContainText('185.7');
    oven.publish('plant/h2/oven-3/power_kw', '61.0');
    await expect(home.getByRole('row', { name: /power_kw/ })).toBeVisible();
    await expectFits(home, 'topics');
});

test('topics finds by name and value', async ({ home, join, node }) => {
    const oven = await join('oven-4');
    oven.publish('plant/h3/oven-4/temp_c', '179.4', { retain: true });
    oven.publish('plant/h3/oven-4/door_c', '20.1', { retain: true });
    const door = `${node.url}/api/v1/topics?name=plant%2Fh3%2Foven-4%2Fdoor_c`;
    await expect.poll(async () => (await home.request.get(door)).status()).toBe(200);
    await home.getByRole('link', { name: 'Topics' }).first().click();
    await expect(home.getByLabel('Search by name and value')).toBeVisible();
    await home.keyboard.press('/');
    await home.keyboard.type('oven-4 > 100');
    await expect(home.getByText(/^1 topic matches name and value/)).toBeVisible();
    await expect(home.locator('tr.leaf')).toHaveCount(1);
    await expect(home.locator('tr.leaf')).toContainText('179.4');
    oven.publish('plant/h3/oven-4/door_c', '120.5', { retain: true });
    await expect(home.getByText(/^2 topics match name and value/)).toBeVisible();
});

test('a message is published from the console and cleared again', async ({ home, join, allow }) => {
    allow(/status of 404/);
    const listener = await join('hmi-1');
    listener.subscribe('plant/#');
    await home.getByRole('link', { name: 'Topics' }).first().click();
    await home.getByRole('button', { name: 'Publish', exact: true }).click();
    await home.getByLabel('Topic', { exact: true }).fill('plant/+/set');
    await home.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await expect(home.getByText('those are for filters')).toBeVisible();
    await home.getByLabel('Topic', { exact: true }).fill('plant/h2/set_point_c');
    await home.getByLabel('Payload').fill('6.0');
    await home.getByLabel('Retain').check();
    await home.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await expect(home.getByText(/Published to plant\/h2\/set_point_c: 1 receiver/)).toBeVisible();

    const origin = new URL(home.url()).origin;
    await home.goto(`${origin}/topics?name=plant%2Fh2%2Fset_point_c`);
    await home.getByRole('button', { name: 'Clear retained' }).click();
    await home.getByRole('button', { name: 'Clear the retained value' }).click();
    await expect(home.getByRole('button', { name: 'Clear retained' })).toBeHidden();
});

test('machines lists, searches and filters', async ({ home, join }) => {
    for (const id of ['pump-1', 'pump-2', 'chiller-1']) {
        await join(id);
    }
    await home.getByRole('link', { name: 'Machines' }).first().click();
    await expect(home.getByRole('link', { name: 'chiller-1' })).toBeVisible();
    await home.getByLabel('Search machines by name').fill('pump');
    await expect(home.getByText('2 machines match')).toBeVisible();
    await expect(home.getByRole('link', { name: 'chiller-1' })).toBeHidden();
    await home.getByLabel('Search machines by name').fill('');
    await home.getByRole('button', { name: 'Online' }).click();
    await expect(home.getByRole('link', { name: 'pump-2' })).toBeVisible();
    await expectFits(home, 'machines');
});

test('a machine shows its messages as they come, pauses, and is disconnected', async ({
    home,
    join,
    node,
    allow,
}) => {
    allow(/status of 404/);
    const press = await join('press-01');
    press.subscribe('plant/h1/press-01/set');
    press.publish('plant/h1/press-01/force_kn', '840.1');
    await home.goto(`${node.url}/machines/press-01`);
    await expect(home.getByRole('heading', { level: 1 })).toContainText('online');
    await expect(home.getByText('plant/h1/press-01/set')).toBeVisible();
    const log = home.getByRole('log');
    press.publish('plant/h1/press-01/force_kn', '841.2');
    await expect(log).toContainText('841.2');
    await home.getByRole('button', { name: 'Pause' }).click();
    press.publish('plant/h1/press-01/force_kn', '842.3');
    await expect(home.getByRole('button', { name: 'Go on' })).toBeVisible();
    await home.getByRole('button', { name: 'Go on' }).click();
    await expect(log).toContainText('842.3');
    await expectFits(home, 'machine');

    await home.getByRole('button', { name: 'Disconnect', exact: true }).click();
    await expect(home.getByRole('heading', { name: 'Disconnect press-01?' })).toBeVisible();
    await home.getByRole('button', { name: 'Keep it connected' }).click();
    await home.getByRole('button', { name: 'Disconnect', exact: true }).click();
    await home.getByRole('button', { name: 'Disconnect press-01' }).click();
    await expect(home.getByText('press-01 is gone')).toBeVisible();
    await join('press-01');
    await expect(home.getByRole('heading', { level: 1 })).toContainText('online');
});

test('security makes a key once and revokes it', async ({ home, node }) => {
    await home.goto(`${node.url}/access`); // where keys stood before
    await expect(home).toHaveURL(`${node.url}/security/keys`);
    await home.getByRole('button', { name: 'Make a key' }).first().click();
    await home.getByLabel('Name').fill('grafana');
    await home.getByRole('button', { name: 'Make the key' }).click();
    await expect(home.getByRole('heading', { name: 'The key of grafana' })).toBeVisible();
    const key = (await home.locator('dialog pre').first().innerText()).trim();
    await home.getByRole('button', { name: 'I have copied it' }).click();
    const row = home.getByRole('row', { name: /grafana/ });
    await expect(row).toContainText('viewer');
    await expect(home.getByText(key)).toBeHidden();
    await expectFits(home, 'keys');
    await row.getByRole('button', { name: 'Revoke' }).click();
    await home.getByRole('button', { name: 'Revoke grafana' }).click();
    await expect(row).toBeHidden();
    if (node.kind === 'binary') {
        const headers = { Authorization: `Bearer ${key}` };
        const answer = await fetch(`${node.url}/api/v1/stats`, { headers });
        expect(answer.status).toBe(401);
    }
});
