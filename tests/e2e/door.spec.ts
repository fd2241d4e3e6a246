/* Claiming and signing in. */

import { expect, expectFits, test, user } from './fixtures.ts';
import { startNode } from './live_node.ts';

test('a new node is claimed by its one-time link, and a second try is refused', async ({
    page,
    allow,
}) => {
    allow(/status of (401|403)/);
    const node = await startNode();
    try {
        await page.goto(`${node.url}/`);
        await expect(page.getByText('Nobody has claimed this node yet')).toBeVisible();
        await page.goto(node.claimLink);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('Claim this node');
        await expectFits(page, 'claim');
        await page.getByLabel('Your name here').fill(user.name);
        const claim = page.getByRole('button', { name: 'Claim gw-e2e' });
        await expect(claim).toBeDisabled();
        await page.getByLabel('Password').fill(user.password);
        await expect(page.getByText('21 characters, strong')).toBeVisible();
        await claim.click();
        await expect(page).toHaveURL(`${node.url}/connect`);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('Connect a machine');

        await page.context().clearCookies();
        await page.goto('about:blank');
        await page.goto(node.claimLink);
        await page.getByLabel('Your name here').fill('somebody');
        await page.getByLabel('Password').fill('another long password');
        await page.getByRole('button', { name: 'Claim gw-e2e' }).click();
        await expect(page.getByRole('alert')).toContainText('claim.refused');
    } finally {
        await node.stop();
    }
});

test('a wrong password is refused with the tries that are left', async ({ page, node, allow }) => {
    allow(/status of 401/);
    await page.goto(`${node.url}/machines`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    await expectFits(page, 'signin');
    await page.getByLabel('Name').fill(user.name);
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('wrong name or password');
    await page.getByLabel('Password').fill(user.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Machines');
});

test('signing out ends the session', async ({ home, node, allow }) => {
    allow(/status of 401/);
    await home.getByRole('button', { name: 'Sign out' }).click();
    await expect(home.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    const answer = await home.request.get(`${node.url}/api/v1/stats`);
    expect(answer.status()).toBe(401);
});
