package parquet

// Numbers of fields and enumerations, from parquet.thrift of apache/parquet-format
// at version 2.12.
const (
	// FileMetaData
	fileSchema     = 2
	fileRows       = 3
	fileGroups     = 4
	fileKeyValues  = 5
	fileCreatedBy  = 6
	fileOrders     = 7
	fileEncryption = 8
	fileSigningKey = 9

	// SchemaElement
	elemType      = 1
	elemLength    = 2
	elemRepeat    = 3
	elemName      = 4
	elemChildren  = 5
	elemConverted = 6
	elemScale     = 7
	elemLogical   = 10

	// RowGroup
	groupColumns    = 1
	groupBytes      = 2
	groupRows       = 3
	groupSorting    = 4
	groupOffset     = 5
	groupCompressed = 6
	groupOrdinal    = 7

	// ColumnChunk
	chunkPath      = 1
	chunkOffset    = 2
	chunkMeta      = 3
	chunkOffsetIdx = 4 // its length is the field after it
	chunkColumnIdx = 6 // its length is the field after it
	chunkCrypto    = 8
	chunkEncrypted = 9

	// ColumnMetaData
	metaCodec        = 4
	metaValues       = 5
	metaUncompressed = 6
	metaCompressed   = 7
	metaKeyValues    = 8
	metaDataPage     = 9
	metaIndexPage    = 10
	metaDictPage     = 11
	metaStatistics   = 12
	metaEncodings    = 13 // PageEncodingStats
	metaBloom        = 14
	metaBloomLength  = 15
	metaSizes        = 16
	metaGeo          = 17

	// PageHeader
	pageType         = 1
	pageUncompressed = 2
	pageCompressed   = 3
	pageCRC          = 4
	pageV1           = 5
	pageDict         = 7
	pageV2           = 8

	// DataPageHeader and DataPageHeaderV2
	dataValues     = 1
	v1Encoding     = 2
	v1DefEncoding  = 3
	v1RepEncoding  = 4
	v1Statistics   = 5
	v2Nulls        = 2
	v2Rows         = 3
	v2Encoding     = 4
	v2DefLength    = 5
	v2RepLength    = 6
	v2IsCompressed = 7
	v2Statistics   = 8

	// DictionaryPageHeader
	dictValues   = 1
	dictEncoding = 2
	dictSorted   = 3

	// Statistics
	statOldMax   = 1
	statOldMin   = 2
	statNulls    = 3
	statDistinct = 4
	statMax      = 5
	statMin      = 6
	statMaxExact = 7
	statMinExact = 8
	statNaNs     = 9

	// SizeStatistics
	sizeBytes = 1
	sizeRep   = 2
	sizeDef   = 3

	// OffsetIndex and PageLocation
	offPages = 1
	offBytes = 2
	locOff   = 1
	locSize  = 2
	locRow   = 3

	// ColumnIndex
	idxNullPages = 1
	idxMin       = 2
	idxMax       = 3
	idxOrder     = 4
	idxNulls     = 5
	idxRep       = 6
	idxDef       = 7
	idxNaNs      = 8

	// BloomFilterHeader
	bloomBytes = 1
)

// Types of pages.
const (
	isDataV1 = 0
	isIndex  = 1
	isDict   = 2
	isDataV2 = 3
)

// Physical types.
const (
	boolean = iota
	int32Type
	int64Type
	int96
	floatType
	doubleType
	byteArray
	fixed
)

// Encodings.
const (
	plain           = 0
	plainDictionary = 2
	rle             = 3
	bitPacked       = 4
	deltaPacked     = 5
	deltaLength     = 6
	deltaBytes      = 7
	rleDictionary   = 8
	byteStreamSplit = 9
)

// Logical types, and the converted types that came before them.
const (
	logicalString    = 1
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalJSON      = 12
	logicalUUID      = 14
	logicalFloat16   = 15
	logicalVariant   = 16

	convertedUTF8            = 0
	convertedEnum            = 4
	convertedDecimal         = 5
	convertedDate            = 6
	convertedTimeMillis      = 7
	convertedTimeMicros      = 8
	convertedTimestampMillis = 9
	convertedTimestampMicros = 10
	convertedUint8           = 11
	convertedUint64          = 14
	convertedJSON            = 19
	convertedInterval        = 21
)

// Orders of a column's values.
const (
	orderTotal = 2 // IEEE 754's total order
	orderInt96 = 3
)

// Orders of a column index.
const (
	unordered = 0
	ascending = 1
)
