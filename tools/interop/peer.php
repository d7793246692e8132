<?php
// SPDX-License-Identifier: BSD-3-Clause
// The driver of php-memcached; README.md describes its command line. Settings are a JSON
// list of [option, value] in the order in which they are set. Both may be names of constants.
function fail(string $message): void
{
    fwrite(STDERR, "peer.php: $message\n");
    exit(1);
}

function lines(string $path): array
{
    return explode("\n", rtrim(file_get_contents($path), "\n"));
}

function constant_of($name)
{
    return is_string($name) && defined("Memcached::$name") ? constant("Memcached::$name") : $name;
}

function make_client(array $options, string $path): Memcached
{
    $client = new Memcached();
    $client->setOption(Memcached::OPT_COMPRESSION, false);
    foreach ($options as [$option, $value]) {
        if (!$client->setOption(constant_of($option), constant_of($value))) {
            fail("$option is refused");
        }
    }
    foreach (lines($path) as $line) {
        [$host, $port, $weight] = explode("\t", $line);
        $client->addServer($host, (int)$port, (int)$weight);
    }
    return $client;
}

[, $verb, $settings, $servers, $keys] = $argv;
$client = make_client(json_decode($settings, true), $servers);
foreach (lines($keys) as $key) {
    if ($verb === 'load') {
        echo $client->get($key), "\n";
    } elseif (!$client->set($key, $key)) {
        fail("$key: " . $client->getResultMessage());
    }
}
