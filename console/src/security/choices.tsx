/* One of a few, each with a word and a note. */

import type { Signal } from '@preact/signals';
import type { VNode } from 'preact';

export function Choices<T extends string>(props: {
    legend: string;
    /** Of the group of radio buttons. */
    name: string;
    value: Signal<T>;
    /** Value, word, note. */
    choices: readonly (readonly [T, string, string])[];
}): VNode {
    return (
        <fieldset class="roles-pick">
            <legend>{props.legend}</legend>
            {props.choices.map(([one, word, note]) => (
                <label key={one}>
                    <input
                        type="radio"
                        name={props.name}
                        checked={props.value.value === one}
                        onChange={() => (props.value.value = one)}
                    />
                    <span>
                        <b class="strong">{word}</b>
                        <small>{note}</small>
                    </span>
                </label>
            ))}
        </fieldset>
    );
}
