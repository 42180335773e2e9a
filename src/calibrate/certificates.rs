//! Certificates for one run: an authority and a workload with a SPIFFE identity, as istiod issues them.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType};

use super::CalibrateError;

/// Files of the identity both proxies use.
pub(super) struct Identity {
    /// The workload's certificate.
    pub chain: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority's certificate.
    pub root: PathBuf,
}

impl Identity {
    /// Makes an identity in a private folder.
    pub fn make(folder: &Path) -> Result<Self, CalibrateError> {
        let (chain, key, root) = generate().map_err(|error| CalibrateError::System {
            what: "make certificates".to_owned(),
            reason: error.to_string(),
        })?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(CalibrateError::system(format!("write {}", path.display())))?;
            Ok(path)
        };
        Ok(Self { chain: write("chain.pem", chain)?, key: write("key.pem", key)?, root: write("root.pem", root)? })
    }
}

/// Certificate, key and authority as PEM. Elliptic keys: the session's cipher, and so its CPU, is the same with RSA.
fn generate() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name = named("cluster.local authority");
    let authority_key = KeyPair::generate()?;
    let root = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let mut workload = CertificateParams::new(Vec::<String>::new())?;
    // A certificate with its issuer's name would pass for one that signed itself.
    workload.distinguished_name = named("workload");
    workload.subject_alt_names = vec![SanType::URI("spiffe://cluster.local/ns/default/sa/default".try_into()?)];
    let key = KeyPair::generate()?;
    let chain = workload.signed_by(&key, &issuer)?.pem();
    Ok((chain, key.serialize_pem(), root))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
