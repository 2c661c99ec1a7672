-- Confirmed cases, deaths and recoveries of each place and day. Deaths are counted of the
-- same places as confirmed cases. Recoveries are not: of some countries only the whole is
-- known, so that their provinces have none here.
SELECT c.state, c.country, c.lat, c.lon, c.date, c.confirmed, d.deaths, r.recovered
FROM covid_confirmed_cases c
JOIN covid_death_cases d
  ON d.country = c.country AND coalesce(d.state, '') = coalesce(c.state, '') AND d.date = c.date
LEFT JOIN covid_recovered_cases r
  ON r.country = c.country AND coalesce(r.state, '') = coalesce(c.state, '') AND r.date = c.date
