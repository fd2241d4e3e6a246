/* Security: how well the node is kept, who may come in, what they may do. */

import { expect, expectFits, test } from './fixtures.ts';

test('security shows the posture under five headings, listeners and certificates', async ({
    home,
    join,
    allow,
}) => {
    allow(/status of 404/);
    await join('oven-1');
    await home.keyboard.press('g');
    await home.keyboard.press('s');
    await expect(home.getByRole('heading', { level: 1 })).toHaveText('Security');
    for (const heading of ['Identify', 'Protect', 'Detect', 'Respond', 'Recover']) {
        await expect(home.getByRole('heading', { name: heading, exact: true })).toBeVisible();
    }
    await expect(home.getByRole('row', { name: /127\.0\.0\.1/ }).first()).toBeVisible();
    await expect(home.getByText(/\d days left/).first()).toBeVisible();
    const check = home.locator('details', { hasText: 'The store writes' });
    await check.locator('summary').click();
    await expect(check.getByText('recover.store')).toBeVisible();
    await expectFits(home, 'security');
});

test('a refused machine is something to do', async ({ home, join, node, allow }) => {
    allow(/status of 404/);
    test.skip(node.kind === 'mock', 'the posture of the mock is a fixed one');
    await expect(join('hmi-9', 'kk_not_a_key')).rejects.toThrow(/refused/);
    await home.goto(`${node.url}/security`);
    const todo = home.locator('.todo .ev', { hasText: 'refused within the last hour' });
    await expect(todo).toContainText('last hmi-9');
    await todo.getByRole('link', { name: /Go there/ }).click();
    await expect(home).toHaveURL(`${node.url}/security/machines`);
});
