/* A large site, 20,000 topics, 5,000 machines, 1,000 credentials: the page holds what is in view
   and no more. The number of elements is counted, not the time: a machine may be slow, a list may
   not be long. */

import { claim, expect, expectFits, test, user } from './fixtures.ts';
import { startNode } from './live_node.ts';
import { Machine } from './machine.ts';

const topics_count = 20_000;
const topics_a_machine = 100;
const machines_count = 5_000;
const credentials_count = 1_000;
const join_at_once = 50;
/** A page of 900 px has 27 rows of 32 px, with some around, and the shell. */
const rows_max = 60;
const elements_max = 1_500;

test('a site of 20,000 topics and 5,000 machines costs the page no more than a small one', async ({
    page,
}) => {
    test.setTimeout(240_000);
    const node = await startNode('gw-large');
    const machines: Machine[] = [];
    try {
        test.skip(node.kind === 'mock', 'the mock node is small');
        for (let first = 0; first < machines_count; first += join_at_once) {
            const joining = Array.from({ length: join_at_once }, (_, index) =>
                Machine.join({ port: node.mqttPort, id: `van-${10_000 + first + index}` }),
            );
            machines.push(...(await Promise.all(joining)));
        }
        for (let topic = 0; topic < topics_count; topic += 1) {
            const machine = machines[Math.floor(topic / topics_a_machine)];
            machine?.publish(`fleet/v${10_000 + topic}/speed_kmh`, '61.5');
        }
        await claim(node);
        await page.request.post(`${node.url}/api/v1/session`, {
            data: { name: user.name, password: user.password },
        });

        await page.goto(`${node.url}/machines`);
        await expect(page.getByText(/of 5.000 machines/)).toBeVisible();
        const elements = (): Promise<number> => page.locator('*').count();
        const rows = page.locator('[data-row]');
        const list = page.locator('.tw').first();
        const toEnd = (): Promise<number> =>
            list.evaluate((area) => (area.scrollTop = area.scrollHeight));
        const holdsLittle = async (): Promise<void> => {
            expect(await rows.count()).toBeLessThan(rows_max);
            expect(await elements()).toBeLessThan(elements_max);
        };
        await holdsLittle();
        const last = page.getByRole('link', { name: `van-${9_999 + machines_count}` });
        await expect(async () => {
            await toEnd();
            await holdsLittle();
            await expect(last).toBeVisible({ timeout: 500 });
        }).toPass({ timeout: 60_000 });

        await page.goto(`${node.url}/topics`);
        await expect(page.getByText(/^2\d.\d\d\d topics/)).toBeVisible({ timeout: 60_000 });
        // The one root stands open; more of its level is read when its end comes into view.
        await expect(page.getByText(/of 50\d open/)).toBeVisible();
        await expect(async () => {
            await toEnd();
            await holdsLittle();
            await expect(page.getByText(/of 2.00\d open/)).toBeVisible({ timeout: 500 });
        }).toPass({ timeout: 60_000 });

        await page.getByLabel('Search by name and value').fill('v29999 speed');
        await expect(page.getByText(/^1 topic matches/)).toBeVisible();
        await expectFits(page, 'large');
    } finally {
        await page.goto('about:blank');
        machines.forEach((machine) => machine.leave());
        await node.stop();
    }
});

test('a thousand credentials and their audit cost the page no more than a few', async ({
    page,
}) => {
    test.setTimeout(120_000);
    const node = await startNode('gw-many');
    try {
        test.skip(node.kind === 'mock', 'the mock has 132 at most');
        await claim(node);
        const session = await page.request.post(`${node.url}/api/v1/session`, {
            data: { name: user.name, password: user.password },
        });
        const { csrf_token } = (await session.json()) as { csrf_token: string };
        const add = async (index: number): Promise<void> => {
            const answer = await page.request.post(`${node.url}/api/v1/credentials`, {
                data: { machine: `truck-${10_000 + index}`, password: null },
                headers: { 'X-Kith-Token': csrf_token },
            });
            expect(answer.status()).toBe(201);
        };
        for (let first = 0; first < credentials_count; first += join_at_once) {
            await Promise.all(
                Array.from({ length: join_at_once }, (_, index) => add(first + index)),
            );
        }
        const list = page.locator('.tw').first();
        for (const [path, last] of [
            ['/security/machines', `truck-${9_999 + credentials_count}`],
            ['/security/audit', 'node.claim'],
        ] as const) {
            await page.goto(`${node.url}${path}`);
            await expect(async () => {
                await list.evaluate((area) => (area.scrollTop = area.scrollHeight));
                expect(await page.locator('[data-row]').count()).toBeLessThan(rows_max);
                expect(await page.locator('*').count()).toBeLessThan(elements_max);
                await expect(page.getByText(last, { exact: true })).toBeVisible({ timeout: 500 });
            }).toPass({ timeout: 30_000 });
        }
    } finally {
        await page.goto('about:blank');
        await node.stop();
    }
});
