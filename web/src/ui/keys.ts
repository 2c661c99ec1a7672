export const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The key that commands begin with, as it is printed on the keyboard. */
export const mod = mac ? '⌘' : 'Ctrl ';
