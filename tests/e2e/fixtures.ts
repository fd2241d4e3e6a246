/* What every test gets: a claimed node, a signed-in page that watches itself, and a few machines. A
   page fails its test if it writes an error, breaks its CSP, or asks any host but the node. */

import { expect, test as base, type Page } from '@playwright/test';
import { type LiveNode, startNode } from './live_node.ts';
import { Machine } from './machine.ts';

export const user = { name: 'operator-2', password: 'correct horse battery' };

interface PerTest {
    /** Signed in, at Home. */
    home: Page;
    /** A machine that joins the node; all leave at the end of the test. */
    join: (id: string, key?: string) => Promise<Machine>;
    /** Errors that the test expects. */
    allow: (pattern: RegExp) => void;
}

interface PerWorker {
    node: LiveNode;
}

export const test = base.extend<PerTest & { allowed: RegExp[] }, PerWorker>({
    node: [
        async ({}, use) => {
            const node = await startNode();
            await claim(node);
            await use(node);
            await node.stop();
        },
        { scope: 'worker' },
    ],
    allowed: async ({}, use) => {
        await use([]);
    },
    allow: async ({ allowed }, use) => {
        await use((pattern) => allowed.push(pattern));
    },
    page: async ({ page, allowed }, use) => {
        const faults = watch(page, allowed);
        await use(page);
        expect(faults).toEqual([]);
    },
    home: async ({ page, node }, use) => {
        const data = { name: user.name, password: user.password };
        const answer = await page.request.post(`${node.url}/api/v1/session`, {
            data,
        });
        expect(answer.status()).toBe(200);
        await page.goto(`${node.url}/`);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('gw-e2e');
        await use(page);
    },
    join: async ({ node }, use) => {
        const joined: Machine[] = [];
        await use(async (id, key) => {
            const options = key === undefined ? { id } : { id, key };
            const machine = await Machine.join({ port: node.mqttPort, ...options });
            joined.push(machine);
            return machine;
        });
        for (const machine of joined) {
            machine.leave();
        }
    },
});

export { expect };

/** Makes `user` the first of a new node. */
export async function claim(node: LiveNode): Promise<void> {
    const code = new URL(node.claimLink).hash.slice(1);
    const answer = await fetch(`${node.url}/api/v1/claim`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ code, ...user }),
    });
    expect(answer.status).toBe(201);
}

/** Errors of the page and requests to other hosts, as they come. */
export function watch(page: Page, allowed: readonly RegExp[]): string[] {
    const faults: string[] = [];
    const add = (text: string): void => {
        if (!allowed.some((pattern) => pattern.test(text))) {
            faults.push(text);
        }
    };
    page.on('pageerror', (error) => add(error.message));
    page.on('console', (message) => {
        if (message.type() === 'error') {
            add(message.text());
        }
    });
    page.on('request', (request) => {
        if (!['127.0.0.1', 'localhost'].includes(new URL(request.url()).hostname)) {
            add(`asked ${request.url()}`);
        }
    });
    return faults;
}

/** Nothing scrolls sideways, from 360 to 1920 px; leaves a picture of a wide and a narrow one. */
export async function expectFits(page: Page, name: string): Promise<void> {
    for (const width of [360, 390, 720, 1024, 1440, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        const over = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
        );
        expect(over, `${name} at ${width} px`).toBeLessThanOrEqual(0);
        if (width === 360 || width === 1440) {
            const path = base.info().outputPath(`${name}-${width}.png`);
            await page.screenshot({ path });
        }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
}
