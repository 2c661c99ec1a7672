import { IconFocusCentered, IconMinus, IconPlus } from '@tabler/icons-react';
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from 'react';

import type { Answer } from '../api/dash';
import { useLatest } from '../ui/useLatest';
import css from './charts.module.css';
import type { Scheme } from './colors';
import { init } from './engine';
import { Refusal, type Point, type Scene } from './scene';
import { isMap, sceneOf } from './scenes';
import { tipElement, tipOf, tipText } from './tip';
import { inTurn } from './turns';
import type { VisualProps } from './types';
import { useSize } from './useSize';

type Engine = ReturnType<typeof init>;

/** ECharts keeps what an option does not name: these are made anew, and the map stays where it was moved to. */
const anew = ['series', 'legend', 'title', 'visualMap', 'grid', 'xAxis', 'yAxis'];

/**
 * A chart. Its canvas is for eyes alone: keys go from point to point, and what is there is read
 * aloud. A card is drawn several times while its next answer is on its way, its chart once.
 */
export default memo(function Chart(props: VisualProps & { answer: Answer; scheme: Scheme; label: string }) {
  const { visual, fields, answer, colors, scheme, marks, onMark } = props;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const engine = useRef<Engine>(undefined);
  const drawn = useRef<{ visual: string; scheme: Scheme; map: boolean }>(undefined);
  const current = useRef<Scene>(undefined);
  const byPlace = useRef(new Map<string, Point>());
  const size = useSize(holder);
  const [at, setAt] = useState(-1);
  const [said, setSaid] = useState('');

  const made = useMemo(() => {
    if (!size) return undefined;
    try {
      return { scene: sceneOf({ visual, fields, answer, colors, scheme, size, marks: marks ?? [] }) };
    } catch (e) {
      if (e instanceof Refusal) return { why: e.message };
      throw e;
    }
  }, [visual, fields, answer, colors, scheme, size, marks]);
  const scene = made?.scene;

  const click = useLatest((e: unknown) => {
    const { seriesIndex, dataIndex, event } = e as { seriesIndex?: number; dataIndex?: number; event?: { event?: MouseEvent } };
    // A click on a line between its points is one on the line.
    const p = byPlace.current.get(`${seriesIndex}:${dataIndex}`) ?? scene?.points.find((p) => p.series === seriesIndex);
    if (!scene || !p) return;
    const [mark, and] = scene.mark(p, event?.event?.shiftKey === true);
    if (mark) onMark?.(mark, and);
  });

  const draw = () => {
    if (!scene || !size || !canvas.current) return;
    let chart = engine.current;
    if (!chart) {
      chart = init(canvas.current, undefined, { renderer: 'canvas', locale: 'EN', ...size });
      chart.on('click', (e: unknown) => click.current(e));
      engine.current = chart;
      drawn.current = undefined;
    } else if (chart.getWidth() !== size.width || chart.getHeight() !== size.height) {
      chart.resize({ ...size, silent: true });
    }
    current.current = scene;
    byPlace.current = new Map(scene.points.map((p) => [`${p.series}:${p.index}`, p]));
    const tooltip = {
      ...(scene.option.tooltip as object),
      formatter: (params: unknown) => {
        const list = (Array.isArray(params) ? params : [params]) as { seriesIndex?: number; dataIndex?: number }[];
        const found = list.map((p) => byPlace.current.get(`${p.seriesIndex}:${p.dataIndex}`)).filter((p) => p !== undefined);
        const tip = current.current && tipOf(current.current, found);
        return tip ? tipElement(tip) : '';
      },
    };
    // Where a map was moved to stays as long as it is the same visual.
    const same = scene.map && drawn.current?.map && drawn.current.visual === visual.id && drawn.current.scheme === scheme;
    if (same) {
      const { center: _center, zoom: _zoom, ...geo } = scene.option.geo as Record<string, unknown>;
      chart.setOption({ ...scene.option, geo, tooltip }, { replaceMerge: anew });
    } else {
      chart.setOption({ ...scene.option, tooltip }, { notMerge: true });
    }
    drawn.current = { visual: visual.id, scheme, map: scene.map === true };
  };
  const drawing = useLatest(draw);
  // The first of many charts is seen while the others are still drawn.
  useEffect(() => inTurn(() => drawing.current()), [drawing, scene, size, visual.id, scheme]);

  // What is drawn no more gives its memory back.
  const gone = scene === undefined;
  useEffect(() => {
    if (gone) return;
    return () => {
      engine.current?.dispose();
      engine.current = undefined;
    };
  }, [gone]);

  const zoom = (by: number) => {
    const chart = engine.current;
    chart?.dispatchAction({ type: 'geoRoam', componentType: 'geo', geoIndex: 0, zoom: by, originX: chart.getWidth() / 2, originY: chart.getHeight() / 2 });
  };
  const pan = (dx: number, dy: number) => engine.current?.dispatchAction({ type: 'geoRoam', componentType: 'geo', geoIndex: 0, dx, dy });
  const whole = () => {
    if (!scene || !engine.current) return;
    const { center = null, zoom = 1 } = scene.option.geo as { center?: number[]; zoom?: number };
    engine.current.setOption({ geo: { center, zoom } });
  };

  const show = (n: number) => {
    const chart = engine.current;
    const p = scene?.points[n];
    if (!chart || !scene || !p) return;
    const before = scene.points[at];
    if (before) chart.dispatchAction({ type: 'downplay', seriesIndex: before.series, dataIndex: before.index });
    chart.dispatchAction({ type: 'highlight', seriesIndex: p.series, dataIndex: p.index });
    chart.dispatchAction({ type: 'showTip', seriesIndex: p.series, dataIndex: p.index });
    setAt(n);
    const many = new Set(scene.points.map((p) => p.series)).size > 1;
    const tip = scene.tip(p);
    setSaid(`${tipText(tip)}. ${n + 1} of ${scene.points.length}${many && n === 0 ? '; up and down go to other series' : ''}`);
  };

  const leave = () => {
    const chart = engine.current;
    const p = scene?.points[at];
    if (chart && p) chart.dispatchAction({ type: 'downplay', seriesIndex: p.series, dataIndex: p.index });
    chart?.dispatchAction({ type: 'hideTip' });
    setAt(-1);
  };

  const onKeyDown = (e: KeyboardEvent) => {
    if (!scene || e.ctrlKey || e.metaKey || e.altKey) return;
    const { points } = scene;
    const here = points[at];
    // The next point of the series before or after, at the same place or the nearest.
    const across = (step: number) => {
      if (!here) return show(0);
      const series = [...new Set(points.map((p) => p.series))];
      const want = series[series.indexOf(here.series) + step];
      if (want === undefined) return show(Math.max(0, Math.min(points.length - 1, at + (series.length === 1 ? step : 0))));
      const theirs = points.map((p, n) => ({ p, n })).filter(({ p }) => p.series === want);
      const nearest = theirs.reduce((best, x) => (Math.abs(x.p.index - here.index) < Math.abs(best.p.index - here.index) ? x : best), theirs[0]!);
      show(nearest.n);
    };
    const map = scene.map && e.shiftKey;
    const moves: Record<string, () => void> = {
      ArrowRight: () => (map ? pan(-60, 0) : show(Math.min(points.length - 1, at + 1))),
      ArrowLeft: () => (map ? pan(60, 0) : show(Math.max(0, at - 1))),
      ArrowDown: () => (map ? pan(0, -60) : across(1)),
      ArrowUp: () => (map ? pan(0, 60) : across(-1)),
      Home: () => show(0),
      End: () => show(points.length - 1),
      ...(scene.map && { '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), '0': whole }),
      ...(here && onMark && { Enter: () => choose(here, e.shiftKey), ' ': () => choose(here, e.shiftKey) }),
      ...(here && { Escape: leave }),
    };
    const move = moves[e.key];
    if (!move) return;
    e.preventDefault();
    e.stopPropagation();
    move();
  };
  const choose = (p: Point, other: boolean) => {
    const [mark, and] = scene?.mark(p, other) ?? [];
    if (!mark) return;
    onMark?.(mark, and);
    setSaid(`Marked ${and ? scene?.tip(p).title : `${mark.field} ${mark.value ?? 'null'}`}`);
  };

  // Turning the wheel scrolls the page, until the map has the focus or Control is held.
  useEffect(() => {
    const e = holder.current;
    if (!e || !isMap(visual.kind)) return;
    const wheel = (w: WheelEvent) => {
      if (!w.ctrlKey && !w.metaKey && !e.contains(document.activeElement)) w.stopPropagation();
    };
    e.addEventListener('wheel', wheel, { capture: true });
    return () => e.removeEventListener('wheel', wheel, { capture: true });
  }, [visual.kind]);

  return (
    <div className={css.chart}>
      <div ref={holder} className={css.stage}>
        {made?.why ? (
          <p className={css.refusal}>{made.why}</p>
        ) : (
          <>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application takes keys, by its pattern */}
            <div
              className={css.keys}
              tabIndex={0}
              role="application"
              aria-roledescription="chart"
              aria-label={`${props.label} Arrow keys go from point to point${onMark ? ', Enter marks' : ''}${scene?.map ? ', plus and minus zoom, Shift and arrows move the map' : ''}.`}
              onKeyDown={onKeyDown}
              onBlur={() => at >= 0 && leave()}
            >
              <div ref={canvas} className={css.canvas} aria-hidden />
            </div>
            {scene?.map && (
              <div className={css.zoom}>
                <button type="button" className="bare" onClick={() => zoom(1.5)} aria-label="Zoom in">
                  <IconPlus size={14} />
                </button>
                <button type="button" className="bare" onClick={() => zoom(1 / 1.5)} aria-label="Zoom out">
                  <IconMinus size={14} />
                </button>
                <button type="button" className="bare" onClick={whole} aria-label="Show all of the map">
                  <IconFocusCentered size={14} />
                </button>
              </div>
            )}
          </>
        )}
        <span className="visually-hidden" aria-live="polite">
          {said}
        </span>
      </div>
      {scene && scene.notes.length > 0 && (
        <p className={css.notes} title={scene.notes.join(' ')}>
          {scene.notes.join(' ')}
        </p>
      )}
    </div>
  );
});
