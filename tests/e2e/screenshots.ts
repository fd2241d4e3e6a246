/* The pictures of the README and the guides: the console over a small living plant, once it has
   run for KITH_PLANT_S seconds (600 fill the chart of Home). Writes docs/images. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { APIRequestContext, Page } from '@playwright/test';
import { claim, expect, test as base, user } from './fixtures.ts';
import { startNode } from './live_node.ts';
import { Plant } from './plant.ts';

interface Picture {
    name: string;
    path: string;
    theme: 'light' | 'dark';
    size?: { width: number; height: number };
    /** Until the page is worth a picture. */
    settle?: (page: Page) => Promise<void>;
}

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const images = path.resolve(import.meta.dirname, '../../docs/images');
const picture_bytes_max = 200_000;
const plant_s = Number(process.env['KITH_PLANT_S'] ?? 600);

const pictures: Picture[] = [
    { name: 'home-light', path: '/', theme: 'light' },
    { name: 'home-dark', path: '/', theme: 'dark' },
    { name: 'topics', path: '/topics?name=plant%2Fh1%2Foven-1%2Ftemp_c', theme: 'light' },
    {
        name: 'machine',
        path: '/machines/press-4',
        theme: 'light',
        // The page draws the rates since it was opened: two minutes are a line.
        settle: (page) => page.waitForTimeout(120_000),
    },
    { name: 'security', path: '/security', theme: 'light' },
    { name: 'role', path: '/security/roles/sensor', theme: 'light', settle: change },
    { name: 'operations', path: '/operations/trace', theme: 'light', settle: follow },
    { name: 'limits', path: '/operations/limits', theme: 'dark' },
    { name: 'phone', path: '/', theme: 'dark', size: phone },
];

const sensor = `# Sensors report from their own place and hear the alarms of all.
allow publish   plant/\${machine}/#
allow subscribe plant/+/alarms

# Recipes are nobody's business.
deny  both      plant/+/recipe/#
`;

/** A line more than the node has, so that the editor has something to say. */
async function change(page: Page): Promise<void> {
    const rules = page.getByLabel('Rules', { exact: true });
    await rules.fill(`${sensor}allow subscribe plant/+/set_point_c\nallow listen plant/#\n`);
}

async function follow(page: Page): Promise<void> {
    await page.getByLabel('Topic or filter').fill('plant/h1/oven-1/#');
    await page.getByRole('button', { name: 'Start the trace' }).click();
    await page.waitForTimeout(6_000);
}

/** People, machines and keys as a plant has them. */
async function settleIn(request: APIRequestContext, url: string, token: string): Promise<void> {
    const write = async (method: string, path: string, data: object): Promise<void> => {
        const headers = { 'X-Kith-Token': token };
        const answer = await request.fetch(`${url}/api/v1/${path}`, { method, data, headers });
        expect(answer.ok(), path).toBe(true);
    };
    const { password } = user;
    await write('PUT', 'roles/sensor', { rules: sensor, note: 'vibration and temperature' });
    await write('POST', 'users', { name: 'anna', role: 'admin', password });
    await write('POST', 'users', { name: 'night-shift', role: 'operator', password });
    for (const machine of ['vib-1', 'vib-2', 'vib-3', 'press-7']) {
        const topic_roles = machine === 'press-7' ? ['own'] : ['sensor'];
        await write('POST', 'credentials', { machine, topic_roles, password: 'generate' });
    }
    await write('POST', 'tokens', { name: 'grafana', role: 'viewer' });
    await write('POST', 'tokens', { name: 'deploy', role: 'operator' });
}

const test = base.extend({
    locale: 'en-GB',
    contextOptions: { reducedMotion: 'reduce' },
});

test('take the pictures', async ({ page }) => {
    const node = await startNode('plant-north');
    const plant = await Plant.start(node.mqttPort);
    try {
        await claim(node);
        const session = await page.request.post(`${node.url}/api/v1/session`, {
            data: { name: user.name, password: user.password },
        });
        const { csrf_token } = (await session.json()) as { csrf_token: string };
        await settleIn(page.request, node.url, csrf_token);
        await page.waitForTimeout(plant_s * 500);
        await plant.refuse('hmi-9');
        await page.waitForTimeout(plant_s * 500);
        for (const picture of pictures) {
            await page.setViewportSize(picture.size ?? desk);
            const mark = picture.path.includes('?') ? '&' : '?';
            await page.goto(`${node.url}${picture.path}${mark}theme=${picture.theme}`);
            await expect(page.locator('.sk')).toHaveCount(0);
            await page.waitForTimeout(3_000);
            await picture.settle?.(page);
            const file = await page.screenshot();
            expect(file.length, picture.name).toBeLessThan(picture_bytes_max);
            writeFileSync(path.join(images, `${picture.name}.png`), file);
        }
    } finally {
        await page.goto('about:blank');
        plant.stop();
        await node.stop();
    }
});
