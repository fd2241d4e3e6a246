/* A QR code as a drawing: dark on light in every theme, because cameras want it so. */

import type { VNode } from 'preact';
import { qrMatrix } from './qr';
import './qr.css';

const quiet_modules = 4;

export function QrCode({ text, label }: { text: string; label: string }): VNode | null {
    const matrix = qrMatrix(text);
    if (matrix === null) {
        return null;
    }
    const side = matrix.length + 2 * quiet_modules;
    const path = matrix
        .flatMap((line, row) =>
            line.map((isDark, column) =>
                isDark ? `M${column + quiet_modules} ${row + quiet_modules}h1v1h-1z` : '',
            ),
        )
        .join('');
    return (
        <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label}>
            <path class="qr-ground" d={`M0 0h${side}v${side}h-${side}z`} />
            <path d={path} />
        </svg>
    );
}
