import { SQLDialect } from '@codemirror/lang-sql';

// Athena's SQL, which is Trino's with Hive's DDL: words from Trino's grammar
// and from Athena's list of DDL statements.

const keywords = `add all alter analyze and any array as asc at between bucketed buckets by cascade case cast clustered
column columns comment commit create cross cube current current_catalog current_date current_role current_schema
current_time current_timestamp current_user data database databases dbproperties deallocate default delimited delete
desc describe distinct distribute drop else end escape escaped except exclude execute exists explain external extract
false fetch fields filter first following for format formatted from full function grant group grouping groups having
if ignore in inner inputformat insert intersect interval into is items join keys last lateral left like limit lines
localtime localtimestamp location map match match_recognize matched merge msck natural next no not null nullif nulls
offset on only or order ordinality outer outputformat over partition partitioned partitions preceding prepare range
recursive rename repair replace respect restrict right rollup row rows schema schemas select serde serdeproperties set
sets show some sorted stored table tables tablesample tblproperties terminated then ties time to transform true
try_cast unbounded uncache union unload unnest update use using values view views when where window with within without`;

const types = `array bigint binary boolean char date decimal double float hyperloglog int integer interval ipaddress json
map real row smallint string struct time timestamp tinyint uuid varbinary varchar zone`;

const functions = `abs acos all_match any_match any_value approx_distinct approx_most_frequent approx_percentile
arbitrary array_agg array_distinct array_except array_intersect array_join array_max array_min array_position
array_remove array_sort array_union arrays_overlap asin at_timezone atan atan2 avg bit_count bitwise_and bitwise_or
bool_and bool_or cardinality cbrt ceil ceiling checksum chr coalesce codepoint combinations concat concat_ws contains
corr cos cosh cosine_similarity count count_if covar_pop covar_samp crc32 cume_dist date_add date_diff date_format
date_parse date_trunc day day_of_month day_of_week day_of_year degrees dense_rank element_at ends_with exp filter
first_value flatten floor format format_datetime from_base64 from_hex from_iso8601_date from_iso8601_timestamp
from_unixtime from_utf8 geometric_mean greatest hamming_distance histogram hour human_readable_seconds is_finite
is_infinite is_json_scalar is_nan json_array_contains json_array_get json_array_length json_exists json_extract
json_extract_scalar json_format json_object json_parse json_query json_size json_value kurtosis lag last_day_of_month
last_value lead least length levenshtein_distance listagg ln log log10 log2 lower lpad ltrim map_agg map_concat
map_entries map_filter map_from_entries map_keys map_union map_values max max_by md5 min min_by minute mod month
multimap_agg ngrams none_match normalize now nth_value ntile percent_rank pi position pow power quarter radians rand
random rank reduce reduce_agg regexp_count regexp_extract regexp_extract_all regexp_like regexp_position
regexp_replace regexp_split regr_intercept regr_slope repeat reverse round row_number rpad rtrim second sequence sha1
sha256 sha512 shuffle sign sin skewness slice split split_part split_to_map sqrt starts_with stddev stddev_pop
stddev_samp strpos substr substring sum tan tanh timezone_hour to_base64 to_hex to_iso8601 to_unixtime to_utf8
transform_keys transform_values translate trim truncate try typeof upper url_decode url_encode url_extract_host
url_extract_parameter url_extract_path uuid var_pop var_samp variance week width_bucket word_stem year year_of_week
zip zip_with`;

const words = (s: string) => s.replaceAll(/\s+/g, ' ').trim();

export const athena = SQLDialect.define({
  keywords: words(keywords),
  types: words(types),
  builtin: words(functions),
  identifierQuotes: '"`',
  doubleQuotedStrings: false,
  operatorChars: '*/+-%<>!=&|^~?:',
  unquotedBitLiterals: false,
});
