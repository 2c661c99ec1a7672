import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';

import { login } from '../api/session';
import { ProblemView } from '../ui/Problem';
import css from './shell.module.css';

export default function LoginPage() {
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
      </form>
    </main>
  );
}
