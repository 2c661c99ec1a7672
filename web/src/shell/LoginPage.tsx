import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';

import { login, loginEnded, loginProviders } from '../api/session';
import { ProblemView } from '../ui/Problem';
import css from './shell.module.css';

/** What a login by a provider ended with. */
const endings: Record<string, string> = {
  denied: 'That login was not accepted. If it should be, ask the administrator: the log says why.',
  expired: 'That login took too long, or began in another browser. Try again.',
  limited: 'There were too many wrong logins. Wait a minute and try again.',
  provider: 'The identity provider does not answer. Try again later, or log in with a password.',
};

/** The page that somebody wanted. */
function wanted() {
  const query = new URLSearchParams(window.location.search);
  query.delete('login');
  const rest = query.toString();
  return window.location.pathname + (rest && '?' + rest);
}

export default function LoginPage() {
  const { data: providers = [] } = useQuery(loginProviders);
  const page = wanted();
  const ended = endings[loginEnded()];
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    setBusy(true);
    try {
      await login(String(form.get('name')), String(form.get('password')));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <main className={css.login}>
      <form className={css.loginForm} onSubmit={(e) => void submit(e)}>
        <h1 className={css.loginBrand}>lethe</h1>
        <p className="muted">The data lake that can forget.</p>
        <TextInput size="sm" label="Name" name="name" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} autoFocus />
        <PasswordInput size="sm" label="Password" name="password" autoComplete="current-password" required withAsterisk={false} />
        <Button type="submit" size="sm" fullWidth loading={busy}>
          Log in
        </Button>
        {error !== null && <ProblemView error={error} compact />}
        {providers.map((p) => (
          <Button key={p.login} component="a" href={p.login + '?to=' + encodeURIComponent(page)} size="sm" variant="default" fullWidth>
            Log in with {p.name}
          </Button>
        ))}
        {ended && error === null && <p role="alert">{ended}</p>}
      </form>
    </main>
  );
}
