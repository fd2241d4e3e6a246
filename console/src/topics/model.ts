/* The state of the Topics page: tree, search, selection, and the live feed of what is in view. */

import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import { loading, valueOf, type Load } from '../app/store';
import { codeCancelled, query, type Result } from '../api/client';
import type { Follow } from '../api/live';
import type {
    HistoryPoint,
    Topic,
    TopicDetail,
    TopicLevel,
    TopicSearch,
    TopicsChange,
    TopicTotals,
} from '../api/types';
import { parseSearch, type Search } from './search';
import { ancestorsOf, foundFlat, foundTree, Tree, type Row, type TreeNode } from './tree';
import { extendHistory } from './trend';

export const views = ['tree', 'flat'] as const;
export type View = (typeof views)[number];

export const filters = ['all', 'retained', 'sys'] as const;
export type Filter = (typeof filters)[number];

const level_limit = 500;
const search_limit = 500;
const search_again_ms = 2_000;
const followed_max = 500;
/** So few first levels stand open from the start. */
const roots_open_max = 3;
const levels_open_max = 32;
const root_pause_ms = 1_500;

function branchesOf(node: TreeNode): TreeNode[] {
    return (node.children ?? []).filter((child) => child.topic.children > 0);
}

export class TopicsModel {
    readonly text: Signal<string>;
    readonly view = signal<View>('tree');
    readonly filter = signal<Filter>('all');
    readonly load = signal<Load<null>>(loading);
    readonly totals = signal<TopicTotals | null>(null);
    readonly found = signal<Load<TopicSearch> | null>(null);
    readonly selected = signal<string | null>(null);
    readonly detail = signal<Load<TopicDetail> | null>(null);
    readonly history = signal<readonly HistoryPoint[]>([]);
    readonly cursor = signal<number | null>(null);
    /** A row that a link asked for, until it was scrolled to. */
    readonly sought = signal<string | null>(null);
    readonly search: ReadonlySignal<Search>;
    readonly rows: ReadonlySignal<readonly Row[]>;
    readonly rowCount: ReadonlySignal<number>;
    private tree = new Tree();
    /** Goes up when the tree changed its shape. */
    private readonly shape = signal(0);
    /** Goes up when values changed and the shape did not. */
    readonly values = signal(0);
    private readonly readFound: <T>(path: string) => Promise<Result<T>>;
    private readonly readDetail: <T>(path: string) => Promise<Result<T>>;
    private readonly searchSoon: () => void;
    private readonly detailSoon: () => void;
    private readonly refollow: () => void;
    private follow: Follow | null = null;
    private followedKey = '';
    private inView: readonly string[] = [];
    private rootTopics = -1;

    constructor(
        private readonly app: App,
        private readonly scope: Scope,
        place: Place,
    ) {
        this.text = signal(place.query.get('q') ?? '');
        this.search = computed(() => parseSearch(this.text.value));
        this.rows = computed(() => this.layOut());
        this.rowCount = computed(() => this.rows.value.length);
        this.readFound = scope.latest();
        this.readDetail = scope.latest();
        this.searchSoon = scope.debounce(180, () => void this.find());
        this.detailSoon = scope.debounce(120, () => void this.inspect());
        this.refollow = scope.debounce(120, () => this.followView());
        const name = place.query.get('name');
        void this.readFirst();
        if (name !== null) {
            this.reveal(name);
        }
        if (this.text.value !== '') {
            void this.find();
        }
        // What matches changes with the values.
        scope.every(search_again_ms, () => {
            if (this.text.peek().trim() !== '' && !document.hidden) {
                void this.find();
            }
        });
        // In steps, not after a pause: the count of a busy node never rests.
        scope.every(root_pause_ms, () => this.readRootIfChanged());
    }

    private layOut(): readonly Row[] {
        const shape = this.shape.value;
        const found = this.found.value;
        if (found !== null) {
            const items = valueOf(found)?.items ?? [];
            return this.view.value === 'flat' ? foundFlat(items) : foundTree(items);
        }
        return shape >= 0 ? this.tree.rows() : [];
    }

    /** What there is shows without a click: few first levels are opened, and where a level has one
        branch only, that one. */
    private async readFirst(): Promise<void> {
        await this.readRoot();
        const tree = this.tree;
        let open = branchesOf(tree.root);
        if (open.length > roots_open_max || this.selected.peek() !== null) {
            return;
        }
        for (let level = 0; level < levels_open_max && open.length > 0; level += 1) {
            open.forEach((node) => (node.isOpen = true));
            await Promise.all(open.map((node) => this.readLevel(node, null)));
            if (tree !== this.tree || this.scope.isClosed) {
                return;
            }
            open = open.map(branchesOf).flatMap((below) => (below.length === 1 ? below : []));
        }
    }

    async readRoot(): Promise<void> {
        const isRead = await this.readLevel(this.tree.root, null);
        if (isRead) {
            this.load.value = { phase: 'ready', value: null };
        } else if (this.tree.root.problem && !this.scope.isClosed) {
            this.load.value = { phase: 'failed', problem: this.tree.root.problem };
        }
    }

    /** New first levels do not come with the feed: they are looked for when the count changed. */
    private readRootIfChanged(): void {
        const topics = valueOf(this.app.store.stats.peek())?.topics ?? -1;
        if (topics !== this.rootTopics && this.load.peek().phase === 'ready') {
            this.rootTopics = topics;
            void this.readLevel(this.tree.root, null);
        }
    }

    private async readLevel(node: TreeNode, cursor: string | null): Promise<boolean> {
        const tree = this.tree;
        const filter = this.filter.peek();
        const path = node.topic.topic;
        node.isReading = node.children === null || cursor !== null;
        this.shape.value += 1;
        const result = await this.scope.get<TopicLevel>(
            `/api/v1/topics${query({
                parent: path,
                retained: filter === 'retained' ? 1 : undefined,
                sys: filter === 'sys' ? 1 : undefined,
                limit: level_limit,
                cursor: cursor ?? undefined,
            })}`,
        );
        if (tree !== this.tree || this.scope.isClosed) {
            return false;
        }
        batch(() => {
            if (result.ok) {
                const items = result.value.items.filter((topic) => this.belongs(path, topic));
                tree.takeLevel(path, items, result.value.next ?? null, cursor === null);
                this.totals.value = result.value.totals ?? this.totals.peek();
            } else {
                node.isReading = false;
                node.problem = result.problem;
            }
            this.shape.value += 1;
        });
        this.refollow();
        const sought = this.sought.peek();
        if (result.ok && sought !== null) {
            this.openTowards(sought);
        }
        return result.ok;
    }

    /** `$SYS` shows the levels that begin with $, and only those. */
    private belongs(parent: string, topic: Topic): boolean {
        return this.filter.peek() !== 'sys' || parent !== '' || topic.name.startsWith('$');
    }

    open(node: TreeNode): void {
        node.isOpen = true;
        if (node.children === null) {
            void this.readLevel(node, null);
        } else {
            this.shape.value += 1;
            this.refollow();
        }
    }

    close(node: TreeNode): void {
        node.isOpen = false;
        this.shape.value += 1;
        this.refollow();
    }

    toggle(node: TreeNode): void {
        if (node.isOpen) {
            this.close(node);
        } else {
            this.open(node);
        }
    }

    readMore(node: TreeNode): void {
        node.problem = null;
        void this.readLevel(node, node.children === null ? null : node.next);
    }

    /** Selects a topic and opens the branches above it, also those that only come later. */
    reveal(name: string): void {
        this.select(name);
        this.sought.value = name;
        this.openTowards(name);
    }

    /** Opens what is known of the way to a topic; each level that is read goes on from there. */
    private openTowards(name: string): void {
        for (const path of ancestorsOf(name)) {
            const node = this.tree.find(path);
            if (!node) {
                break;
            }
            if (!node.isOpen) {
                this.open(node);
            }
        }
    }

    type(text: string): void {
        this.text.value = text;
        this.app.router.setQuery({ q: text.trim() });
        this.searchSoon();
    }

    chooseFilter(filter: Filter): void {
        this.filter.value = filter;
        this.tree = new Tree();
        this.load.value = loading;
        void this.readFirst();
    }

    async find(): Promise<void> {
        const q = this.text.peek().trim();
        if (q === '') {
            this.found.value = null;
            this.refollow();
            return;
        }
        if (this.found.peek() === null) {
            this.found.value = loading;
        }
        const path = `/api/v1/topics${query({ q, limit: search_limit })}`;
        const result = await this.readFound<TopicSearch>(path);
        if (result.ok) {
            this.found.value = { phase: 'ready', value: result.value };
            this.refollow();
        } else if (result.problem.code !== codeCancelled) {
            this.found.value = { phase: 'failed', problem: result.problem };
        }
    }

    select(name: string | null): void {
        if (this.selected.peek() === name) {
            return;
        }
        batch(() => {
            this.selected.value = name;
            this.detail.value = name === null ? null : loading;
            this.history.value = [];
            this.cursor.value = null;
        });
        this.app.router.setQuery({ name: name ?? '' });
        this.refollow();
        if (name !== null) {
            this.detailSoon();
        }
    }

    async inspect(): Promise<void> {
        const name = this.selected.peek();
        if (name === null) {
            return;
        }
        const result = await this.readDetail<TopicDetail>(`/api/v1/topics${query({ name })}`);
        if (this.selected.peek() !== name) {
            return;
        }
        if (result.ok) {
            batch(() => {
                this.detail.value = { phase: 'ready', value: result.value };
                this.history.value = result.value.history ?? [];
            });
        } else if (result.problem.code !== codeCancelled) {
            this.detail.value = { phase: 'failed', problem: result.problem };
        }
    }

    /** A branch that is no topic itself has no detail of its own. */
    branch(name: string): Topic | null {
        const row = this.rows.peek().find((one) => one.kind === 'topic' && one.key === name);
        return row?.node.topic ?? this.tree.find(name)?.topic ?? null;
    }

    /** These rows are in view: keeps their values live. */
    see(first: number, end: number): void {
        const rows = this.rows.peek().slice(first, end);
        this.inView = rows.filter((row) => row.kind === 'topic').map((row) => row.key);
        this.refollow();
        const more = rows.find((row) => row.kind === 'more');
        if (more) {
            this.readMore(more.node);
        }
    }

    private followView(): void {
        const selected = this.selected.peek();
        const wanted = new Set([
            ...(selected === null ? [] : [selected]),
            ...this.inView,
            ...(this.found.peek() === null ? this.tree.openPaths() : []),
        ]);
        const topics = [...wanted].slice(0, followed_max);
        const key = topics.join('\n');
        if (key === this.followedKey) {
            return;
        }
        this.followedKey = key;
        const request = { channel: 'topics' as const, topics };
        if (this.follow) {
            this.follow.change(request);
            return;
        }
        const changed = new Map<string, Topic>();
        const levels = new Set<string>();
        this.follow = this.scope.follow(request, {
            onData: (data) => {
                const change = data as TopicsChange;
                for (const topic of change.topics ?? []) {
                    changed.set(topic.topic, topic);
                }
                for (const path of change.new_under ?? []) {
                    levels.add(path);
                }
                this.scope.post('topics', () => {
                    this.takeChanges([...changed.values()], [...levels]);
                    changed.clear();
                    levels.clear();
                });
            },
            onResume: () => {
                void this.readRoot();
                void this.inspect();
            },
        });
    }

    private takeChanges(changed: readonly Topic[], levels: readonly string[]): void {
        this.tree.apply(changed);
        const found = this.found.peek();
        if (found?.phase === 'ready') {
            const byName = new Map(changed.map((topic) => [topic.topic, topic]));
            const items = found.value.items.map((topic) => byName.get(topic.topic) ?? topic);
            this.found.value = { phase: 'ready', value: { ...found.value, items } };
        }
        this.values.value += 1;
        const selected = changed.find((topic) => topic.topic === this.selected.peek());
        const detail = this.detail.peek();
        if (selected && detail?.phase === 'ready') {
            this.detail.value = { phase: 'ready', value: { ...detail.value, ...selected } };
            this.history.value = extendHistory(this.history.peek(), selected);
        } else if (selected && detail?.phase === 'failed') {
            void this.inspect();
        }
        const behind = changed.filter(
            (topic) =>
                this.filter.peek() === 'all' && this.tree.isBehind(topic.topic, topic.children),
        );
        for (const path of new Set([...levels, ...behind.map((topic) => topic.topic)])) {
            const node = this.tree.find(path);
            if (node && (node.isOpen || node === this.tree.root)) {
                void this.readLevel(node, null);
            }
        }
    }
}
