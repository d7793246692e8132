// SPDX-License-Identifier: BSD-3-Clause
// The driver of spymemcached; README.md describes its command line. Settings are the format of
// its ring's names, and "weights" where the servers have weights: "LIBMEMCACHED,weights".
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaConnectionFactory;
import net.spy.memcached.KetamaNodeKeyFormatter;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedClient;
import net.spy.memcached.MemcachedNode;
import net.spy.memcached.NodeLocator;
import net.spy.memcached.util.DefaultKetamaNodeLocatorConfiguration;

public class Peer {
    static class Factory extends KetamaConnectionFactory {
        final KetamaNodeKeyFormatter.Format format;
        final Map<InetSocketAddress, Integer> weights;

        Factory(String format, Map<InetSocketAddress, Integer> weights) {
            this.format = KetamaNodeKeyFormatter.Format.valueOf(format);
            this.weights = weights;
        }

        @Override
        public NodeLocator createLocator(List<MemcachedNode> nodes) {
            return new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH, weights,
                new DefaultKetamaNodeLocatorConfiguration(new KetamaNodeKeyFormatter(format)));
        }

        @Override
        public long getOperationTimeout() {
            return 10000;
        }
    }

    static MemcachedClient connect(String settings, String path) throws Exception {
        List<InetSocketAddress> servers = new ArrayList<>();
        Map<InetSocketAddress, Integer> weights = new HashMap<>();
        String[] words = settings.split(",");
        for (String line : Files.readAllLines(Paths.get(path))) {
            String[] fields = line.split("\t");
            InetSocketAddress server =
                new InetSocketAddress(fields[0], Integer.parseInt(fields[1]));
            servers.add(server);
            if (words.length > 1) {
                weights.put(server, Integer.parseInt(fields[2]));
            }
        }
        return new MemcachedClient(new Factory(words[0], weights), servers);
    }

    static void run(MemcachedClient client, String verb, String path) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String key : Files.readAllLines(Paths.get(path), StandardCharsets.UTF_8)) {
            if (verb.equals("load")) {
                Object value = client.get(key);
                out.print((value == null ? "" : value) + "\n");
            } else if (!client.set(key, 0, key).get()) {
                throw new Exception(key + ": not stored");
            }
        }
        out.flush();
    }

    public static void main(String[] args) throws Exception {
        MemcachedClient client = connect(args[1], args[2]);
        run(client, args[0], args[3]);
        client.shutdown();
    }
}
