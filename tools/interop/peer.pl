#!/usr/bin/perl
# SPDX-License-Identifier: BSD-3-Clause
# The driver of Cache::Memcached and Cache::Memcached::Fast; README.md describes its command
# line. Settings are the class, and then words option=value.
use strict;
use warnings;

sub lines {
	my ($path) = @_;
	open(my $file, '<', $path) or die "$path: $!\n";
	chomp(my @lines = <$file>);
	return @lines;
}

# Cache::Memcached takes a pair of address and weight, Cache::Memcached::Fast takes both forms.
sub server {
	my ($host, $port, $weight) = split(/\t/);
	return [$port ? "$host:$port" : $host, $weight];
}

my ($verb, $settings, $servers, $keys) = @ARGV;
my ($class, @options) = split(/,/, $settings);
eval "require $class" or die $@;
my $client = $class->new({ servers => [map { server() } lines($servers)],
	map { split(/=/) } @options });
foreach my $key (lines($keys)) {
	if ($verb eq 'load') {
		print $client->get($key) // '', "\n";
	} else {
		$client->set($key, $key) or die "peer.pl: $key: not stored\n";
	}
}
