/* The pictures of the README and the guides: the console over a small living plant, once it has
   run for KITH_PLANT_S seconds (600 fill the chart of Home). Writes docs/images. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
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
    { name: 'phone', path: '/', theme: 'dark', size: phone },
];

const test = base.extend({
    locale: 'en-GB',
    contextOptions: { reducedMotion: 'reduce' },
});

test('take the pictures', async ({ page }) => {
    const node = await startNode('plant-north');
    const plant = await Plant.start(node.mqttPort);
    try {
        await claim(node);
        await page.request.post(`${node.url}/api/v1/session`, {
            data: { name: user.name, password: user.password },
        });
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
