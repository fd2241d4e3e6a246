/* Security: how well the node is kept, who may come in, what they may do. */

import { expect, expectFits, test } from './fixtures.ts';

test('security shows the posture under five headings, listeners and certificates', async ({
    home,
    join,
}) => {
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

test('a refused machine is something to do', async ({ home, join, node }) => {
    test.skip(node.kind === 'mock', 'the posture of the mock is a fixed one');
    await expect(join('hmi-9', 'kk_not_a_key')).rejects.toThrow(/refused/);
    await home.goto(`${node.url}/security`);
    const todo = home.locator('.todo .ev', { hasText: 'refused within the last hour' });
    await expect(todo).toContainText('last hmi-9');
    await todo.getByRole('link', { name: /Go there/ }).click();
    await expect(home).toHaveURL(`${node.url}/security/machines`);
});

test('a user is added, changed and removed, and signs in between', async ({ home, node }) => {
    await home.goto(`${node.url}/security/users`);
    await home.getByRole('button', { name: 'Add a user' }).click();
    await home.getByLabel('Name').fill('night-shift');
    await home.getByLabel('Password').fill('short');
    await home.getByRole('button', { name: 'Add the user' }).click();
    await expect(home.getByText('A password has at least 8 characters.')).toBeVisible();
    await home.getByLabel('Password').fill('correct horse battery');
    await home.getByRole('radio', { name: /operator/ }).check();
    await home.getByRole('button', { name: 'Add the user' }).click();
    const row = home.getByRole('row', { name: /night-shift/ });
    await expect(row).toContainText('operator');
    await expectFits(home, 'users');

    await home.getByRole('button', { name: 'Change night-shift' }).click();
    await home.getByRole('radio', { name: /viewer/ }).check();
    await home.getByRole('button', { name: 'Save the change' }).click();
    await expect(row).toContainText('viewer');
    if (node.kind === 'binary') {
        const answer = await fetch(`${node.url}/api/v1/session`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ name: 'night-shift', password: 'correct horse battery' }),
        });
        expect(((await answer.json()) as { user: { role: string } }).user.role).toBe('viewer');
    }
    await home.getByRole('button', { name: 'Remove night-shift' }).click();
    await home.getByRole('dialog').getByRole('button', { name: 'Remove night-shift' }).click();
    await expect(row).toBeHidden();
});

test('a machine gets a password once, comes in with it, and is disabled', async ({
    home,
    join,
    node,
}) => {
    await home.goto(`${node.url}/security/machines`);
    await home.getByRole('button', { name: 'Add a machine' }).first().click();
    await home.getByRole('textbox', { name: 'Name' }).fill('lathe-05');
    await home.getByRole('button', { name: 'Add the machine' }).click();
    await expect(home.getByRole('heading', { name: 'The credential of lathe-05' })).toBeVisible();
    const password = (await home.locator('dialog pre').nth(1).innerText()).trim();
    expect(password.length).toBeGreaterThan(15);
    await home.getByRole('button', { name: 'I have copied it' }).click();
    await expect(home.getByText(password)).toBeHidden();
    if (node.kind === 'binary') {
        await join('lathe-05', password);
    }
    await home.getByLabel('Search credentials').fill('lathe');
    await expect(home.getByText('1 machine matches')).toBeVisible();
    await expectFits(home, 'credentials');
    await home.getByRole('link', { name: 'lathe-05' }).click();
    await expect(home.getByText('enabled', { exact: true })).toBeVisible();
    await home.getByRole('button', { name: 'Disable' }).click();
    await expect(home.getByText('disabled, refused at once')).toBeVisible();
    if (node.kind === 'binary') {
        await expect(join('lathe-05', password)).rejects.toThrow(/refused/);
    }
    await home.getByRole('button', { name: 'Remove', exact: true }).click();
    await home.getByRole('button', { name: 'Remove lathe-05' }).click();
    await expect(home).toHaveURL(`${node.url}/security/machines`);
});

test('a claim code is shown once, as text and as a picture', async ({ home, node }) => {
    await home.goto(`${node.url}/security/machines`);
    await home.getByRole('button', { name: 'Make a code' }).click();
    await home.getByLabel('Note').fill('sensors of hall 3');
    await home.getByLabel('Uses').fill('12');
    await home.getByRole('button', { name: 'Make the code' }).click();
    await expect(home.getByRole('img', { name: /QR code/ })).toBeVisible();
    await home.getByRole('button', { name: 'I have copied it' }).click();
    const row = home.getByRole('row', { name: /sensors of hall 3/ });
    await expect(row).toContainText('12');
    await row.getByRole('button', { name: /Withdraw/ }).click();
    await home.getByRole('button', { name: 'Withdraw the code', exact: true }).click();
    await expect(row).toBeHidden();
});

test('a topic role is written, refused where it is wrong, saved, used, and removed', async ({
    home,
    node,
    allow,
}) => {
    await home.goto(`${node.url}/security/roles`);
    await expect(home.getByRole('row', { name: /^own built in/ })).toBeVisible();
    await home.getByRole('button', { name: 'Write a role' }).click();
    await home.getByRole('textbox', { name: 'Name' }).fill('press');
    await home.getByRole('button', { name: 'Write its rules' }).click();
    const rules = home.getByLabel('Rules', { exact: true });
    const look = home.getByRole('button', { name: 'Look at the change' });
    await rules.fill('allow publish plant/${machine}/#\nallow write plant/#');
    await expect(home.getByText('Line 2 expected publish, subscribe or both')).toBeVisible();
    await expect(look).toBeDisabled();
    await expectFits(home, 'role');
    if (node.kind === 'binary') {
        // What only the node knows comes back to its line.
        allow(/status of 400/);
        await rules.fill(`allow publish plant/a\nallow publish ${'x'.repeat(1_200)}`);
        await look.click();
        await home.getByRole('button', { name: 'Save the role' }).click();
        await expect(home.getByRole('alert')).toContainText('line 2');
        await home.getByRole('button', { name: 'Cancel' }).click();
        await expect(home.getByRole('button', { name: /^Wrong Line 2/ })).toBeVisible();
    }
    await rules.fill('# Presses\nallow publish plant/${machine}/#\ndeny both plant/+/recipe');
    await look.click();
    await home.getByRole('button', { name: 'Save the role' }).click();
    await expect(home.getByText('As the node has it.')).toBeVisible();

    await home.getByRole('link', { name: 'Try what press may' }).click();
    await home.getByLabel('Machine that has it').fill('press-07');
    await home.getByLabel('Topic', { exact: true }).fill('plant/press-07/temp_c');
    await home.getByRole('button', { name: 'Ask the node' }).click();
    await expect(home.getByText('Allowed', { exact: true })).toBeVisible();
    await expect(home.getByText('Decided by line 2 of press')).toBeVisible();
    await home.getByLabel('Topic', { exact: true }).fill('plant/press-07/recipe');
    await home.getByRole('button', { name: 'Ask the node' }).click();
    await expect(home.getByText('Denied', { exact: true })).toBeVisible();
    await expect(home.getByText('Decided by line 3 of press')).toBeVisible();
    await expectFits(home, 'test');

    await home.goto(`${node.url}/security/roles/press`);
    await home.getByRole('button', { name: 'Remove', exact: true }).click();
    await home.getByRole('button', { name: 'Remove press' }).click();
    await expect(home).toHaveURL(`${node.url}/security/roles`);
    await expect(home.getByRole('row', { name: /^press / })).toBeHidden();
});

test('a built-in role is for reading', async ({ home, node }) => {
    await home.goto(`${node.url}/security/roles/own`);
    await expect(home.getByText(/Built in: it stays as it is/)).toBeVisible();
    await expect(home.getByLabel('Rules', { exact: true })).toBeHidden();
    await expect(home.getByRole('button', { name: 'Remove' })).toBeHidden();
});

test('a certificate is shown once, saved, listed and revoked', async ({ home, node }) => {
    await home.goto(`${node.url}/security/machines`);
    await home.getByRole('button', { name: 'Add a machine' }).first().click();
    await home.getByRole('textbox', { name: 'Name' }).fill('lathe-06');
    await home.getByRole('button', { name: 'Add the machine' }).click();
    await home.getByRole('button', { name: 'I have copied it' }).click();
    await home.goto(`${node.url}/security/machines/lathe-06`);
    await home.getByRole('button', { name: 'Add one' }).click();
    await home.getByRole('radio', { name: /Sign a request/ }).check();
    await home.getByRole('button', { name: 'Issue the certificate' }).click();
    await expect(home.getByRole('alert')).toContainText('paste its text in PEM');
    await home.getByRole('radio', { name: /Make a key here/ }).check();
    await home.getByLabel('It lives, days').fill('20');
    await home.getByRole('button', { name: 'Issue the certificate' }).click();
    await expect(home.getByRole('heading', { name: 'The certificate of lathe-06' })).toBeVisible();
    const waits = home.waitForEvent('download');
    await home.getByRole('button', { name: 'Save lathe-06.key' }).click();
    expect((await waits).suggestedFilename()).toBe('lathe-06.key');
    await home.getByRole('button', { name: 'I have copied it' }).click();
    await expect(home.getByText('BEGIN PRIVATE KEY')).toBeHidden();
    const row = home.getByRole('row', { name: /days left/ });
    await expect(row).toBeVisible();
    if (node.kind === 'binary') {
        await expect(row).toContainText('19 days left');
    }
    await expectFits(home, 'credential');
    await row.getByRole('button', { name: /^Revoke/ }).click();
    await home.getByRole('button', { name: 'Revoke the certificate' }).click();
    await expect(home.getByText(/^revoked /)).toBeVisible();
});

test('a key of a machine says what it may use, and comes in with it', async ({
    home,
    join,
    node,
}) => {
    await home.goto(`${node.url}/security/keys`);
    await home.getByRole('button', { name: 'Make a key' }).first().click();
    await home.getByRole('textbox', { name: 'Name' }).fill('vib-key');
    await expect(home.getByLabel('Topic roles')).toBeHidden();
    await home.getByRole('radio', { name: /^machine/ }).check();
    await home.getByLabel('Topic roles').fill('own, read');
    await home.getByRole('button', { name: 'Make the key' }).click();
    const key = (await home.locator('dialog pre').first().innerText()).trim();
    await home.getByRole('button', { name: 'I have copied it' }).click();
    const row = home.getByRole('row', { name: /vib-key/ });
    await expect(row.getByRole('link', { name: 'own' })).toBeVisible();
    await expect(row.getByRole('link', { name: 'read' })).toBeVisible();
    await expectFits(home, 'keys');
    if (node.kind === 'binary') {
        await join('vib-4', key);
    }
    await row.getByRole('button', { name: 'Revoke' }).click();
    await home.getByRole('button', { name: 'Revoke vib-key' }).click();
    await expect(row).toBeHidden();
});

test('the audit has who changed what, filtered and saved', async ({ home, node }) => {
    await home.goto(`${node.url}/security/audit`);
    const lines = home.getByRole('row', { name: /user:operator-2/ });
    await expect(lines.first()).toBeVisible();
    await home.getByRole('searchbox', { name: /^What/ }).fill('session.');
    await expect(home).toHaveURL(/what=session/);
    await expect(home.getByRole('row', { name: /session\.open/ }).first()).toBeVisible();
    await expectFits(home, 'audit');
    const waits = home.waitForEvent('download');
    await home.getByRole('button', { name: 'Save as CSV' }).click();
    expect((await waits).suggestedFilename()).toMatch(/-audit\.csv$/);
    await home.getByRole('searchbox', { name: /^Who/ }).fill('nobody');
    await expect(home.getByText('No line fits')).toBeVisible();
    await home.getByRole('button', { name: 'Show all of it' }).click();
    await expect(lines.first()).toBeVisible();
});

test('a viewer is told who may see what the viewer may not', async ({ home, node }) => {
    test.skip(node.kind === 'mock', 'everybody is an administrator at the mock');
    const session = await home.request.get(`${node.url}/api/v1/session`);
    const { csrf_token } = (await session.json()) as { csrf_token: string };
    const viewer = { name: 'wallboard', password: 'correct horse battery' };
    const made = await home.request.post(`${node.url}/api/v1/users`, {
        data: { ...viewer, role: 'viewer' },
        headers: { 'X-Kith-Token': csrf_token },
    });
    expect(made.status()).toBe(201);
    await home.request.post(`${node.url}/api/v1/session`, { data: viewer });
    for (const [path, role] of [
        ['/security', 'operator'],
        ['/security/roles', 'admin'],
        ['/security/audit', 'admin'],
        ['/operations/limits', 'operator'],
        ['/operations/backup', 'admin'],
    ] as const) {
        await home.goto(`${node.url}${path}`);
        await expect(home.getByText(`needs the role ${role}`)).toBeVisible();
        await expect(home.getByRole('alert')).toBeHidden();
    }
    await home.goto(`${node.url}/operations/queues`);
    await expect(home.getByText('operators see them')).toBeVisible();
});
