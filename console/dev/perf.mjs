/* `npm run perf`: how long the console holds the main thread over a large site (10,000
   machines, 50,000 topics), while values arrive and while a reader scrolls. Reports; judges
   nothing. */

import { launch } from './browser.mjs';
import { mockUser, optionsFrom, startMock } from './mock-server.mjs';

const scenes = [
    { name: 'home', path: '/' },
    { name: 'machines', path: '/machines', scrolls: true },
    { name: 'topics', path: '/topics?name=fleet%2Fa00%2Fvan-00001%2Fspeed_kmh', scrolls: true },
    { name: 'machine', path: '/machines/historian' },
    { name: 'security', path: '/security' },
    { name: 'credentials', path: '/security/machines', scrolls: true },
    { name: 'audit', path: '/security/audit', scrolls: true },
    { name: 'queues', path: '/operations/queues' },
    { name: 'logs', path: '/operations/logs' },
];
const watch_ms = 6_000;

/** Durations of all tasks of the renderer's main thread, from a trace. */
function tasksOf(trace) {
    const main = trace.find(
        (event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain',
    );
    return trace
        .filter(
            (event) => event.name === 'RunTask' && event.pid === main.pid && event.tid === main.tid,
        )
        .map((event) => (event.dur ?? 0) / 1000)
        .sort((a, b) => a - b);
}

async function traced(browser, page, run) {
    await browser.startTracing(page, {
        categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'],
    });
    await run();
    const trace = JSON.parse((await browser.stopTracing()).toString());
    return tasksOf(trace.traceEvents);
}

async function scroll(page, span_ms) {
    const area = page.locator('.tw').first();
    const box = await area.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const end_ms = Date.now() + span_ms;
    while (Date.now() < end_ms) {
        await page.mouse.wheel(0, 900);
        await page.waitForTimeout(30);
    }
}

const report = (name, tasks) => {
    const at = (share) => tasks[Math.min(tasks.length - 1, Math.floor(tasks.length * share))] ?? 0;
    const busy = tasks.reduce((sum, task) => sum + task, 0);
    const long = tasks.filter((task) => task > 50).length;
    console.log(
        `${name.padEnd(18)} busy ${((busy / watch_ms) * 100).toFixed(0).padStart(3)} %, longest ${at(1).toFixed(0)} ms, ` +
            `${long} above 50 ms, 99.9 % of ${tasks.length} tasks below ${at(0.999).toFixed(1)} ms`,
    );
};

const mock = await startMock({ ...optionsFrom(['--big']), port: 0 });
console.log(`${mock.world.machines.size} machines, ${mock.world.topics.size} topics`);
const browser = await launch();
const wanted = process.argv.slice(2);
for (const scene of scenes.filter((one) => wanted.length === 0 || wanted.includes(one.name))) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await context.request.post(`${mock.url}/api/v1/session`, {
        data: { name: mockUser.name, password: mockUser.password },
    });
    const page = await context.newPage();
    await page.goto(mock.url + scene.path);
    await page.locator('h1').first().waitFor();
    await page.waitForTimeout(2_000);
    report(scene.name, await traced(browser, page, () => page.waitForTimeout(watch_ms)));
    if (scene.scrolls) {
        report(
            `${scene.name}, scrolled`,
            await traced(browser, page, () => scroll(page, watch_ms)),
        );
    }
    await context.close();
}
await browser.close();
await mock.close();
