/* The frame of the two pages before a session exists. It shows the node's name and nothing else. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import { IconButton } from '../ui/button';
import { themeIcon, turnTheme } from '../app/look';
import { Mark } from '../ui/icon';
import './door.css';

export function Door({
    app,
    children,
    foot,
}: {
    app: App;
    children: ComponentChildren;
    foot: ComponentChildren;
}): VNode {
    const node = app.store.nodeName.value;
    return (
        <div class="door">
            <main class="door-left" id="main" tabIndex={-1}>
                <div class="door-top">
                    <span class="brand">
                        <Mark />
                        Kith
                    </span>
                    <IconButton
                        icon={themeIcon(app)}
                        label={`Theme: ${app.prefs.theme.value}`}
                        onClick={() => turnTheme(app)}
                    />
                </div>
                {children}
                <div class="door-foot">
                    <span class="live">
                        <i />
                        {node === '' ? 'this node' : node}
                    </span>
                    <span class="sp" />
                    {foot}
                </div>
            </main>
            <div class="door-right" aria-hidden="true">
                <Rings name={node} />
            </div>
        </div>
    );
}

const radii = [90, 180, 280, 400];

/** Rings around this node. Neighbours are not drawn: nothing about the site before a session. */
function Rings({ name }: { name: string }): VNode {
    return (
        <svg viewBox="-460 -460 920 920" preserveAspectRatio="xMidYMid slice">
            {radii.map((radius) => (
                <circle key={radius} class="ring" r={radius} />
            ))}
            <circle class="node-ring" r="16" />
            <circle class="node-dot" r="6" />
            <text class="node-name" y="40" text-anchor="middle">
                {name}
            </text>
        </svg>
    );
}
