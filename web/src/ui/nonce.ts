import { setNonce } from 'get-nonce';

/** The page's nonce, without which the policy lets no style element in. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// The scroll lock behind Mantine's dialogs asks this package.
setNonce(nonce);
