//! The server's own TLS: a certificate and its key, as PEM files.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::{Error, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// HTTP/2, as ALPN calls it.
pub(super) const H2: &[u8] = b"h2";

/// Where the certificate and its key are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    /// The certificate first, then those that lead from it to an authority.
    pub certificate: &'a Path,
    pub key: &'a Path,
}

/// Reads both. They are read once, when the server starts.
///
/// # Errors
///
/// Where a file cannot be read, lacks what it should have, or the key is another certificate's.
pub(super) fn acceptor(files: Files<'_>) -> Result<TlsAcceptor> {
    let Files { certificate, key } = files;
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| plain(error, certificate))?;
    ensure!(!chain.is_empty(), "{} has no certificate: `-----BEGIN CERTIFICATE-----`", certificate.display());
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        Error::NoItemsFound => {
            anyhow::anyhow!("{} has no private key: `-----BEGIN PRIVATE KEY-----`", key.display())
        }
        error => plain(error, key),
    })?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .with_context(|| format!("{} and {} are no pair", certificate.display(), key.display()))?;
    config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn plain(error: Error, file: &Path) -> anyhow::Error {
    match error {
        Error::Io(error) => anyhow::Error::new(error).context(format!("cannot read {}", file.display())),
        error => anyhow::anyhow!("{} is no PEM file: {error}", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tls").join(name)
    }

    fn said(certificate: &Path, key: &Path) -> String {
        match acceptor(Files { certificate, key }) {
            Ok(_) => "a pair".to_owned(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn what_is_no_pair_of_files_is_told_by_its_name() {
        let (pair, key) = (fixture("localhost.pem"), fixture("localhost.key"));
        assert_eq!(said(&pair, &key), "a pair");
        let (absent, readme) = (fixture("absent.pem"), fixture("README.md"));
        assert!(said(&absent, &key).contains("absent.pem: No such file"), "{}", said(&absent, &key));
        assert!(said(&readme, &key).contains("README.md has no certificate"), "{}", said(&readme, &key));
        assert!(said(&pair, &pair).contains("localhost.pem has no private key"), "{}", said(&pair, &pair));
        let other = fixture("authority.pem");
        assert!(said(&other, &key).contains("are no pair"), "{}", said(&other, &key));
    }
}
