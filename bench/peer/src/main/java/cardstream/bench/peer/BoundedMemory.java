package cardstream.bench.peer;

import java.util.Map;

import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * Bounds the memory of all RocksDB stores of the process together, as Kafka Streams' documentation advises (Memory
 * Management, RocksDB): one block cache, which indexes and filters count against, and write buffers within it. Without
 * this each of 36 stores has a cache of 50 MB and write buffers of 48.
 */
public final class BoundedMemory implements RocksDBConfigSetter {
    /** The setting of the whole, bytes; and of the write buffers within. */
    static final String TOTAL = "peer.rocksdb.bytes";
    static final String WRITE_BUFFERS = "peer.rocksdb.write.buffer.bytes";

    private static Cache cache;
    private static WriteBufferManager writeBuffers;

    private static synchronized void open(Map<String, Object> configs) {
        if (cache == null) {
            // Not strict: a full cache slows down, and does not fail.
            cache = new LRUCache(Long.parseLong(configs.get(TOTAL).toString()), -1, false, 0.1);
            writeBuffers = new WriteBufferManager(Long.parseLong(configs.get(WRITE_BUFFERS).toString()), cache);
        }
    }

    @Override
    public void setConfig(String store, Options options, Map<String, Object> configs) {
        open(configs);
        BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
        table.setBlockCache(cache);
        table.setCacheIndexAndFilterBlocks(true);
        table.setCacheIndexAndFilterBlocksWithHighPriority(true);
        table.setPinTopLevelIndexAndFilter(true);
        // Ten bits a key: nearly every command is looked up once in vain, as none like it was there before.
        table.setFilterPolicy(new BloomFilter(10, false));
        table.setBlockSize(16 * 1024L);
        options.setTableFormatConfig(table);
        options.setWriteBufferManager(writeBuffers);
        options.setWriteBufferSize(8 * 1024 * 1024L);
    }

    @Override
    public void close(String store, Options options) {
        // Cache and write buffers are shared by all stores and live as long as the process.
    }
}
