import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';

import { session } from '../api/session';
import type { Session } from '../api/types';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Rail } from './Rail';
import { useKeys } from './useKeys';
import css from './shell.module.css';

const LoginPage = lazy(() => import('./LoginPage'));
const PasswordPage = lazy(() => import('./PasswordPage'));
const Palette = lazy(() => import('./Palette'));
const KeysHelp = lazy(() => import('./KeysHelp'));

/** The frame around every page. Without a login it shows the login page, at the
 * same address, so that whoever follows a link arrives where it leads. */
export function Shell() {
  const { data, error, refetch } = useQuery(session);
  if (data?.change_password)
    return (
      <Suspense fallback={<Waiting />}>
        <PasswordPage session={data} />
      </Suspense>
    );
  if (data) return <Frame session={data} />;
  if (error) return <ProblemView error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Waiting />;
  return (
    <Suspense fallback={<Waiting />}>
      <LoginPage />
    </Suspense>
  );
}

function Frame({ session }: { session: Session }) {
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useKeys({ palette: () => setOpen('palette'), help: () => setOpen('keys') });
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#page">
        Skip to the page
      </a>
      <Rail session={session} onPalette={() => setOpen('palette')} onKeys={() => setOpen('keys')} />
      <main className={css.page} id="page" tabIndex={-1}>
        {problem !== null && <ProblemView error={problem} retry={() => setProblem(null)} />}
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </main>
      <Suspense>
        {open === 'palette' && <Palette onClose={() => setOpen(null)} onKeys={() => setOpen('keys')} onProblem={setProblem} />}
        {open === 'keys' && <KeysHelp onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  );
}
