/* How hard a password is to guess, roughly: length counts most, as it does for an attacker. */

export interface Strength {
    /** 0 to 4 bars. */
    bars: number;
    word: 'none' | 'too short' | 'weak' | 'good' | 'strong';
}

export const password_chars_min = 8;

const common = ['password', '12345', 'qwerty', 'letmein', 'admin', 'kith'];

function kindsOf(password: string): number {
    return [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;
}

export function strengthOf(password: string): Strength {
    const chars = [...password].length;
    if (chars === 0) {
        return { bars: 0, word: 'none' };
    }
    if (chars < password_chars_min) {
        return { bars: 1, word: 'too short' };
    }
    const different = new Set(password.toLowerCase()).size;
    const isGuessable =
        different < 6 || common.some((word) => password.toLowerCase().startsWith(word));
    if (isGuessable) {
        return { bars: 2, word: 'weak' };
    }
    const score = chars + 2 * kindsOf(password);
    return score >= 22 ? { bars: 4, word: 'strong' } : { bars: 3, word: 'good' };
}
