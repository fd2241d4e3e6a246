/* Find or do: pages, machines, topics and actions by name. Enter goes, Ctrl Enter copies the same
   thing as a call of the API. */

import { useComputed, useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { asCurl, query } from '../api/client';
import type { MachineList, TopicSearch } from '../api/types';
import { copyText } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Icon, type IconName } from '../ui/icon';
import type { App } from './app';
import { navItems } from './pages';
import { pageParts } from './page_parts';
import { chooseTheme, themes } from './prefs';
import { pathOf, topicPath } from './router';
import { turnDensity } from './look';

export interface Item {
    group: 'Go to' | 'Machines' | 'Topics' | 'Do';
    icon: IconName;
    label: string;
    note: string;
    run: () => void;
    /** The path of the API behind it, if there is one. */
    api: string | null;
}

const found_max = 6;
const typing_pause_ms = 120;
const ask_again_ms = 2_000;

function fixedItems(app: App): Item[] {
    const pages = navItems.map((item): Item => ({
        group: 'Go to',
        icon: item.icon,
        label: item.label,
        note: `g ${item.key}`,
        run: () => app.router.go(item.path),
        api: null,
    }));
    const parts = pageParts.map((part): Item => ({
        group: 'Go to',
        icon: part.icon,
        label: part.label,
        note: '',
        run: () => app.router.go(part.path),
        api: part.api,
    }));
    const looks = themes.map((theme): Item => ({
        group: 'Do',
        icon: 'theme',
        label: `Theme: ${theme === 'auto' ? 'as the system' : theme}`,
        note: theme === app.prefs.theme.peek() ? 'now' : '',
        run: () => chooseTheme(app.prefs, app.keep, theme),
        api: null,
    }));
    const act = (icon: IconName, label: string, note: string, run: () => void): Item => ({
        group: 'Do',
        icon,
        label,
        note,
        run,
        api: null,
    });
    return [
        ...pages,
        ...parts,
        act('plus', 'Connect a machine', 'g c', () => app.router.go('/connect')),
        act('key', 'Make a key', '', () => app.router.go('/security/keys?new=1')),
        act('plus', 'Add a machine’s credential', '', () =>
            app.router.go('/security/machines?new=1'),
        ),
        act('user', 'Add a user', '', () => app.router.go('/security/users?new=1')),
        act('security', 'Try a right', '', () => app.router.go('/security/test')),
        act('pulse', 'Trace a message', '', () => app.router.go('/operations/trace')),
        act('store', 'Make a backup', '', () => app.router.go('/operations/backup')),
        act('send', 'Publish a message', '', () => app.router.go('/topics?publish=1')),
        ...looks,
        act('dense', 'Rows: normal or compact', '', () => turnDensity(app)),
        act('leave', 'Sign out', '', () => void app.signOut()),
    ];
}

export function matching(items: readonly Item[], text: string): Item[] {
    const words = text
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== '');
    return items.filter((item) => {
        const name = item.label.toLowerCase();
        return words.every((word) => name.includes(word));
    });
}

/** Machines and topics by name, asked of the node while the reader types. */
async function askNode(app: App, text: string, signal: AbortSignal): Promise<Item[]> {
    if (text.trim().length < 2) {
        return [];
    }
    const [machines, topics] = await Promise.all([
        app.client.get<MachineList>(`/api/v1/machines${query({ q: text, limit: found_max })}`, {
            signal,
        }),
        app.client.get<TopicSearch>(`/api/v1/topics${query({ q: text, limit: found_max })}`, {
            signal,
        }),
    ]);
    const items: Item[] = [];
    for (const machine of machines.ok ? machines.value.items.slice(0, found_max) : []) {
        const path = pathOf({ name: 'machine', id: machine.id });
        items.push({
            group: 'Machines',
            icon: 'machines',
            label: machine.id,
            note: machine.online ? 'online' : 'offline',
            run: () => app.router.go(path),
            api: `/api/v1${path}`,
        });
    }
    for (const topic of topics.ok ? topics.value.items.slice(0, found_max) : []) {
        items.push({
            group: 'Topics',
            icon: 'topics',
            label: topic.topic,
            note: topic.last?.encoding === 'text' ? topic.last.payload.slice(0, 24) : '',
            run: () => app.router.go(topicPath(topic.topic)),
            api: `/api/v1/topics${query({ name: topic.topic })}`,
        });
    }
    return items;
}

/** Asked again as long as the text stands: a machine may come while somebody waits for it. */
function useFound(app: App, text: Signal<string>): Signal<Item[]> {
    const found = useSignal<Item[]>([]);
    const wanted = text.value;
    useEffect(() => {
        const abort = new AbortController();
        let timer: ReturnType<typeof setTimeout>;
        const ask = async (): Promise<void> => {
            const items = await askNode(app, wanted, abort.signal);
            if (!abort.signal.aborted) {
                found.value = items;
                timer = setTimeout(() => void ask(), ask_again_ms);
            }
        };
        timer = setTimeout(() => void ask(), typing_pause_ms);
        return () => {
            clearTimeout(timer);
            abort.abort();
        };
    }, [wanted]);
    return found;
}

export function Palette({ app }: { app: App }): VNode {
    const text = useSignal('');
    const chosen = useSignal(0);
    const found = useFound(app, text);
    const list = useRef<HTMLUListElement>(null);
    const fixed = useRef(fixedItems(app)).current;
    const items = useComputed(() => {
        const own = matching(fixed, text.value);
        const groups: readonly Item['group'][] = ['Go to', 'Machines', 'Topics', 'Do'];
        return groups.flatMap((group) =>
            [...own, ...found.value].filter((item) => item.group === group),
        );
    });
    const active = Math.min(chosen.value, Math.max(0, items.value.length - 1));
    const close = (): void => app.closeDialog();
    const run = (item: Item): void => {
        close();
        item.run();
    };
    const onKeyDown = (event: KeyboardEvent): void => {
        const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        const item = items.value[active];
        if (by !== undefined && items.value.length > 0) {
            event.preventDefault();
            chosen.value = (active + by + items.value.length) % items.value.length;
            const rows = list.current?.querySelectorAll('.i');
            rows?.[chosen.value]?.scrollIntoView({ block: 'nearest' });
        } else if (event.key === 'Enter' && item) {
            event.preventDefault();
            if (event.ctrlKey) {
                void copyCall(app, item);
            } else {
                run(item);
            }
        }
    };
    return (
        <Dialog label="Find or do" kind="pal" onClose={close}>
            <SearchLine
                text={text}
                activeId={items.value.length > 0 ? `found-${active}` : undefined}
                onType={() => (chosen.value = 0)}
                onKeyDown={onKeyDown}
            />
            <ul role="listbox" id="found" aria-label="Found" ref={list}>
                {items.value.map((item, index) => (
                    <Row
                        key={`${item.group} ${item.label}`}
                        item={item}
                        index={index}
                        isFirst={items.value[index - 1]?.group !== item.group}
                        isChosen={index === active}
                        onRun={() => run(item)}
                    />
                ))}
                {items.value.length === 0 && (
                    <li class="g">Nothing has this name. Shorter words find more.</li>
                )}
            </ul>
            <KeysLine />
        </Dialog>
    );
}

function SearchLine(props: {
    text: Signal<string>;
    activeId: string | undefined;
    onType: () => void;
    onKeyDown: (event: KeyboardEvent) => void;
}): VNode {
    return (
        <div class="q">
            <Icon name="search" />
            <input
                data-first
                placeholder="Machine, topic, page or action"
                aria-label="Find or do"
                role="combobox"
                aria-expanded="true"
                aria-controls="found"
                aria-activedescendant={props.activeId}
                autocomplete="off"
                spellcheck={false}
                value={props.text.value}
                onInput={(event) => {
                    props.text.value = event.currentTarget.value;
                    props.onType();
                }}
                onKeyDown={props.onKeyDown}
            />
            <kbd>Esc</kbd>
        </div>
    );
}

function KeysLine(): VNode {
    return (
        <div class="ft">
            <span>
                <kbd>↑</kbd> <kbd>↓</kbd> move
            </span>
            <span>
                <kbd>Enter</kbd> open
            </span>
            <span>
                <kbd>Ctrl</kbd> <kbd>Enter</kbd> copy as API call
            </span>
        </div>
    );
}

async function copyCall(app: App, item: Item): Promise<void> {
    if (item.api === null) {
        app.toast(`${item.label} has no call of the API`);
        return;
    }
    const call = asCurl({ method: 'GET', path: item.api, body: null }, app.origin);
    const isCopied = await copyText(call);
    app.toast(isCopied ? `Copied the call for ${item.label}` : 'The browser did not allow to copy');
}

function Row(props: {
    item: Item;
    index: number;
    isFirst: boolean;
    isChosen: boolean;
    onRun: () => void;
}): VNode {
    const { item, index } = props;
    return (
        <>
            {props.isFirst && (
                <li class="g" role="presentation">
                    {item.group}
                </li>
            )}
            <li
                class="i"
                role="option"
                id={`found-${index}`}
                aria-selected={props.isChosen}
                onClick={props.onRun}
            >
                <Icon name={item.icon} />
                <span class="ell">{item.label}</span>
                <span class="x ell">{item.note}</span>
            </li>
        </>
    );
}

const keys: readonly (readonly [string, string])[] = [
    ['Ctrl K', 'find or do'],
    ['/', 'search on this page'],
    ...navItems.map((item) => [`g ${item.key}`, item.label] as const),
    ['↑ ↓', 'move in a list'],
    ['→ ←', 'open and close a branch'],
    ['Enter', 'open the row'],
    ['p', 'publish (Topics)'],
    ['Shift T', 'next theme'],
    ['Esc', 'close'],
];

export function KeysHelp({ app }: { app: App }): VNode {
    const close = (): void => app.closeDialog();
    return (
        <Dialog label="Keys" onClose={close}>
            <div class="dlg">
                <h2>Keys</h2>
                <dl class="kv">
                    {keys.map(([key, what]) => (
                        <>
                            <dt>
                                <kbd>{key}</kbd>
                            </dt>
                            <dd>{what}</dd>
                        </>
                    ))}
                </dl>
                <div class="acts">
                    <button type="button" class="btn" data-first onClick={close}>
                        Close
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
