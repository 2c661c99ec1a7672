import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';

import { changePassword, logout } from '../api/session';
import type { Session } from '../api/types';
import { ProblemView } from '../ui/Problem';
import css from './shell.module.css';

/** Where somebody chooses another password, before anything else is answered. */
export default function PasswordPage({ session }: { session: Session }) {
  const [error, setError] = useState<unknown>(null);
  const [differ, setDiffer] = useState(false);
  const [busy, setBusy] = useState(false);

  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const next = String(form.get('new'));
    const differs = next !== String(form.get('again'));
    setDiffer(differs);
    setError(null);
    if (differs) return;
    setBusy(true);
    try {
      await changePassword(String(form.get('old')), next);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <main className={css.login}>
      <form className={css.loginForm} onSubmit={(e) => void submit(e)}>
        <h1 className={css.loginBrand}>lethe</h1>
        <p className="muted">{session.user.name}, choose a password of your own before you go on.</p>
        <input type="hidden" name="username" autoComplete="username" value={session.user.name} readOnly />
        <PasswordInput size="sm" label="Password until now" name="old" autoComplete="current-password" required withAsterisk={false} autoFocus />
        <PasswordInput size="sm" label="New password" description="8 characters or more" name="new" autoComplete="new-password" required withAsterisk={false} />
        <PasswordInput
          size="sm"
          label="The new one again"
          name="again"
          autoComplete="new-password"
          required
          withAsterisk={false}
          error={differ ? 'This is not the new password.' : undefined}
        />
        <Button type="submit" size="sm" fullWidth loading={busy}>
          Change password
        </Button>
        {error !== null && <ProblemView error={error} compact />}
        <Button variant="default" size="sm" fullWidth onClick={() => void logout()}>
          Log out
        </Button>
      </form>
    </main>
  );
}
