# SPDX-License-Identifier: BSD-3-Clause
# The driver of dalli; README.md describes its command line. Its setting is a namespace.
require 'dalli'

def servers(path)
  File.readlines(path, chomp: true).map do |line|
    host, port, weight = line.split("\t")
    port == '0' ? "#{host}:#{weight}" : "#{host}:#{port}:#{weight}"
  end
end

verb, namespace, servers_path, keys_path = ARGV
Dalli.logger.level = Logger::ERROR
client = Dalli::Client.new(servers(servers_path), compress: false,
                                                   namespace: namespace.empty? ? nil : namespace)
File.readlines(keys_path, chomp: true, encoding: 'UTF-8').each do |key|
  if verb == 'load'
    puts client.get(key).to_s
  else
    client.set(key, key, nil, raw: true) || abort("peer.rb: #{key}: not stored")
  end
end
