/* Who does not see, does not point, or does not want motion: names, headings, contrast as it is
   painted, the keyboard, targets for a finger. */

import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

const paths = [
    ...['/', '/connect', '/topics', '/machines', '/machines/oven-7', '/mesh'],
    ...['', '/users', '/machines', '/keys', '/roles', '/roles/own', '/test', '/audit'].map(
        (part) => `/security${part}`,
    ),
    ...['', '/limits', '/queues', '/storage', '/trace', '/logs', '/backup'].map(
        (part) => `/operations${part}`,
    ),
];
const themes = ['light', 'dark', 'night'];
const tabs_max = 120;

/** Follows a path and waits until the page has its data. */
async function open(page: Page, path: string): Promise<void> {
    await page.goto(new URL(page.url()).origin + path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('.sk')).toHaveCount(0);
}

/** What a reader of the page's structure would stumble over. */
function structureFaults(): string[] {
    const faults: string[] = [];
    const nameOf = (element: Element): string => {
        const label = element.getAttribute('aria-label') ?? '';
        const by = element.getAttribute('aria-labelledby') ?? '';
        const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
        const texts = [label, document.getElementById(by)?.textContent, element.textContent];
        const title = element.getAttribute('title');
        return [...texts, ...labels.map((one) => one.textContent), title].join('').trim();
    };
    const wanted = 'a[href], button, input, select, textarea, dialog, [role="img"], [tabindex="0"]';
    for (const element of document.querySelectorAll(wanted)) {
        if (nameOf(element) === '') {
            faults.push(`no name: ${element.outerHTML.slice(0, 120)}`);
        }
    }
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    for (const id of ids.filter((one, index) => ids.indexOf(one) !== index)) {
        faults.push(`id twice: ${id}`);
    }
    if (document.querySelectorAll('[tabindex]:not([tabindex="0"], [tabindex="-1"])').length > 0) {
        faults.push('an order of tabs of its own');
    }
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) =>
        Number(heading.tagName.slice(1)),
    );
    if (levels.filter((level) => level === 1).length !== 1) {
        faults.push('not one h1');
    }
    levels.forEach((level, index) => {
        if (level - (levels[index - 1] ?? 0) > 1) {
            faults.push(`heading ${index + 1} skips to level ${level}`);
        }
    });
    return faults;
}

/** Texts as they are painted with less contrast than 4.5, or 3 when they are large. */
function contrastFaults(): string[] {
    type Colour = [number, number, number, number];
    const colourOf = (text: string): Colour => {
        const parts = (text.match(/[\d.]+/g) ?? []).map(Number);
        return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0, parts[3] ?? 1];
    };
    const over = (top: Colour, below: Colour): Colour => {
        const mix = (at: 0 | 1 | 2): number => top[at] * top[3] + below[at] * (1 - top[3]);
        return [mix(0), mix(1), mix(2), 1];
    };
    const groundOf = (element: Element | null): Colour => {
        if (element === null) {
            return [255, 255, 255, 1];
        }
        const own = colourOf(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own : over(own, groundOf(element.parentElement));
    };
    const luminance = (colour: Colour): number => {
        const [red, green, blue] = colour.slice(0, 3).map((value) => {
            const share = value / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
    };
    const faults: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        const text = node.textContent?.trim() ?? '';
        if (!element || text === '' || element.closest('.vh, .skip, .sep, :disabled, script')) {
            continue;
        }
        const style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        if (box.width === 0 || style.visibility === 'hidden' || Number(style.opacity) < 1) {
            continue;
        }
        const ground = groundOf(element);
        const ink = luminance(over(colourOf(style.color), ground));
        const [dark = 0, light = 0] = [ink, luminance(ground)].sort((a, b) => a - b);
        const ratio = (light + 0.05) / (dark + 0.05);
        const size_px = Number.parseFloat(style.fontSize);
        if (ratio < (size_px >= 24 ? 3 : 4.5)) {
            faults.push(`${ratio.toFixed(2)}: "${text.slice(0, 40)}" ${element.className}`);
        }
    }
    return faults;
}

test('every page has names, one h1, headings in order, and no id twice', async ({ home, join }) => {
    const oven = await join('oven-7');
    oven.publish('plant/h1/oven-7/temp_c', '181.9', { retain: true });
    for (const path of paths) {
        await open(home, path);
        expect(await home.evaluate(structureFaults), path).toEqual([]);
    }
});

test('every text that is painted has its contrast, in three themes', async ({ home, join }) => {
    const oven = await join('oven-7');
    oven.publish('plant/h1/oven-7/temp_c', '181.9', { retain: true });
    await home.emulateMedia({ reducedMotion: 'reduce' });
    for (const theme of themes) {
        for (const path of paths) {
            await open(home, `${path}?theme=${theme}`);
            expect(await home.evaluate(contrastFaults), `${path}, ${theme}`).toEqual([]);
        }
    }
});

test('the Tab key reaches every control, and shows where it is', async ({ home, join }) => {
    await join('oven-7');
    for (const path of paths) {
        await open(home, path);
        const wanted = await home.evaluate(() => {
            const all = 'a[href], button:not(:disabled), input:not(:disabled), summary';
            const controls = [...document.querySelectorAll<HTMLElement>(all)].filter(
                (element) => element.tabIndex >= 0 && element.checkVisibility(),
            );
            controls.forEach((element) => (element.dataset['wanted'] = ''));
            return controls.length;
        });
        expect(wanted, path).toBeGreaterThan(5);
        const hidden: string[] = [];
        for (let tab = 0; tab < tabs_max; tab += 1) {
            await home.keyboard.press('Tab');
            const { fault, isAll } = await home.evaluate(() => {
                const element = document.activeElement as HTMLElement;
                // One of a group of radio buttons stands for all of them.
                const name = element instanceof HTMLInputElement ? element.name : '';
                const group = name === '' ? [] : document.getElementsByName(name);
                [element, ...group].forEach((one) => delete one.dataset['wanted']);
                const marks = [element, ...element.querySelectorAll('*'), element.parentElement];
                const isShown = marks.some((one) => {
                    const style = one ? getComputedStyle(one) : null;
                    return style?.outlineStyle !== 'none' || style?.boxShadow !== 'none';
                });
                const isHidden = !isShown && element !== document.body;
                const isAll = document.querySelector('[data-wanted]') === null;
                return {
                    fault: isHidden ? element.outerHTML.slice(0, 100) : '',
                    isAll,
                };
            });
            if (fault !== '') {
                hidden.push(fault);
            }
            if (isAll) {
                break;
            }
        }
        expect(hidden, `${path}: focus that is not seen`).toEqual([]);
        const missed = await home.evaluate(() =>
            [...document.querySelectorAll('[data-wanted]')].map((one) =>
                one.outerHTML.slice(0, 120),
            ),
        );
        expect(missed, `${path}: not reached`).toEqual([]);
    }
});

test('nothing moves for who asked for less motion', async ({ home, join }) => {
    await join('oven-7');
    await home.emulateMedia({ reducedMotion: 'reduce' });
    for (const path of paths) {
        await open(home, path);
        const moving = await home.evaluate(() =>
            document
                .getAnimations()
                .filter((one) => Number(one.effect?.getComputedTiming().duration ?? 0) > 0)
                .map((one) => (one.effect as KeyframeEffect).target?.className ?? ''),
        );
        expect(moving, path).toEqual([]);
    }
});

test('a finger hits every button of a phone', async ({ home, join }) => {
    const oven = await join('oven-7');
    oven.publish('plant/h1/oven-7/temp_c', '181.9', { retain: true });
    await home.setViewportSize({ width: 360, height: 740 });
    for (const path of paths) {
        await open(home, path);
        const small = await home.evaluate(() =>
            [
                ...document.querySelectorAll(
                    'button, .btn, input:not([type="checkbox"], [type="radio"])',
                ),
            ]
                .filter((element) => element.checkVisibility() && !element.closest('td'))
                .map((element) => ({ box: element.getBoundingClientRect(), element }))
                .filter(({ box }) => box.height > 0 && box.height < 44)
                .map(({ box, element }) => `${box.height}: ${element.outerHTML.slice(0, 90)}`),
        );
        expect(small, path).toEqual([]);
    }
});
