/* The shell: keys, palette, themes, the feed that breaks, what a page asked. */

import { expect, test } from './fixtures.ts';

test('keys go from page to page and the palette finds a machine', async ({ home, join }) => {
    await join('coffee-maker');
    await home.keyboard.press('g');
    await home.keyboard.press('m');
    await expect(home.getByRole('heading', { level: 1 })).toHaveText('Machines');
    await home.keyboard.press('Control+k');
    await home.getByRole('combobox').fill('coffee');
    await expect(home.getByRole('option', { name: /^coffee-maker/ })).toBeVisible();
    await home.keyboard.press('Enter');
    await expect(home.getByRole('heading', { level: 1 })).toContainText('coffee-maker');
});

test('a dialog gives the focus back where it was', async ({ home }) => {
    await home.getByRole('link', { name: 'Topics' }).first().click();
    const button = home.getByRole('button', { name: 'Publish', exact: true });
    await button.focus();
    await home.keyboard.press('Enter');
    await expect(home.getByRole('dialog', { name: 'Publish' })).toBeVisible();
    await home.keyboard.press('Escape');
    await expect(home.getByRole('dialog')).toBeHidden();
    await expect(button).toBeFocused();
});

test('the theme turns, and stays after a reload', async ({ home }) => {
    await home.getByRole('button', { name: /^Theme: auto/ }).click();
    await expect(home.locator('html')).toHaveAttribute('data-theme', 'light');
    await home.keyboard.press('Shift+T');
    await expect(home.locator('html')).toHaveAttribute('data-theme', 'dark');
    await home.reload();
    await expect(home.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('values stay and say since when the feed is silent', async ({ page, node, allow }) => {
    allow(/WebSocket/);
    let isCut = false;
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((message) => {
            if (!isCut) {
                socket.send(message);
            }
        });
    });
    const data = { name: 'operator-2', password: 'correct horse battery' };
    await page.request.post(`${node.url}/api/v1/session`, { data });
    await page.goto(node.url);
    await expect(page.getByText('Live on gw-e2e')).toBeVisible();
    isCut = true;
    await expect(page.getByText(/Not live since \d\d:\d\d:\d\d/)).toBeVisible({
        timeout: 20_000,
    });
    await expect(page.locator('.stat.stale').first()).toBeVisible();
    await page.getByRole('button', { name: 'Try now' }).click();
    isCut = false; // behind the click: the button goes when the feed comes back by itself
    await expect(page.getByText('Live on gw-e2e')).toBeVisible();
    await expect(page.locator('.stat.stale')).toHaveCount(0);
});

test('each page lists the calls that it made, ready to copy', async ({ home }) => {
    await home.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await home.getByText(/This page made \d+ API calls/).click();
    const row = home.locator('.api .row', { hasText: '/api/v1/usage' });
    await row.getByRole('button', { name: 'curl' }).click();
    const copied = await home.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain('curl -H "Authorization: Bearer $KITH_TOKEN"');
    expect(copied).toContain('/api/v1/usage');
});

test('an address that no page has leads home', async ({ home, node }) => {
    await home.goto(`${node.url}/nowhere`);
    await expect(home.getByRole('heading', { level: 1 })).toHaveText('Nothing is here');
    await home.getByRole('link', { name: 'Go to Home' }).click();
    await expect(home).toHaveURL(`${node.url}/`);
});

test('console files come with a strict CSP and are cached by their content', async ({ node }) => {
    const page = await fetch(`${node.url}/`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('cache-control')).toContain('no-cache');
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
    const asset = await fetch(node.url + script);
    expect(asset.status).toBe(200);
    expect(asset.headers.get('cache-control')).toContain('immutable');
});

test('a node that does not answer at first is asked again', async ({ page, node, allow }) => {
    allow(/net::ERR_FAILED|status of 401/);
    await page.route('**/api/v1/session', (route) => route.abort());
    await page.goto(node.url);
    await expect(page.getByText('This node could not be read')).toBeVisible();
    await page.unroute('**/api/v1/session');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
});

test('a page whose script does not arrive is loaded again', async ({ home, allow }) => {
    allow(/net::ERR_FAILED|Failed to load resource/);
    await home.route('**/topics_page-*.js', (route) => route.abort());
    await home.getByRole('link', { name: 'Topics' }).first().click();
    await expect(home.getByText('This page could not be read')).toBeVisible();
    await home.unroute('**/topics_page-*.js');
    await home.getByRole('button', { name: 'Try again' }).click();
    await expect(home.getByRole('heading', { level: 1 })).toHaveText('Topics');
});

test('what could not be read says why, and is read again', async ({ home, node, allow }) => {
    allow(/status of 503/);
    const body = JSON.stringify({
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        code: 'store.read_only',
        detail: 'the disk is full',
    });
    await home.route('**/api/v1/machines?*', (route) =>
        route.fulfill({ status: 503, contentType: 'application/problem+json', body }),
    );
    await home.goto(`${node.url}/machines`);
    const alert = home.getByRole('alert');
    await expect(alert).toContainText('gw-e2e answered 503: store.read_only. The disk is full.');
    await home.unroute('**/api/v1/machines?*');
    await home.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toBeHidden();
});
